import type { Call, MethodTable } from "./method.ts";
import { openMethod, sessionMethod } from "./method.ts";
import { WireError } from "./wire-error.ts";

/** Events that one step of a replay reads. */
const REPLAY_PAGE = 100;

/** `session.*` and `events.since`. */
export const SESSION_METHODS: MethodTable = {
  "session.list": openMethod("authenticated", ({ services }) => ({ result: { sessions: services.sessions.list() } })),

  "session.create": openMethod("unattached", ({ params, caller, services }) => {
    const session = services.sessions.create(params.raw("name"), params.optionalString("request_key"));
    attach(caller, services, session.sessionId);
    return { result: services.sessions.snapshot(session.sessionId) };
  }),

  "session.join": openMethod("unattached", async ({ params, caller, services }) => {
    const { sessionId } = services.sessions.find(params.raw("session_id"), params.raw("name"));
    const since = params.optionalInteger("since", { min: -1, max: Number.MAX_SAFE_INTEGER });
    const unseen = since === null ? services.events.unseen(sessionId) : { after: since, dropped: 0 };
    for (let last = unseen.after; since !== -1; ) {
      const page = services.events.since(sessionId, last, REPLAY_PAGE);
      if (page.length === 0) break;
      if (!caller.isOpen) throw new WireError("not_attached", "The link closed during the replay.");
      for (const event of page) {
        // Replay is exact: it goes at the reader's pace instead of leaving progress out.
        if (!caller.hasRoom) await caller.drained();
        caller.deliver(event);
        last = event.seq;
      }
    }
    if (unseen.dropped > 0) caller.notify("session.events_dropped", { events_dropped: unseen.dropped });
    if (!caller.isOpen) throw new WireError("not_attached", "The link closed during the replay.");
    // Nothing can happen between the look at the log that found no more and this line: there is no wait in between.
    attach(caller, services, services.sessions.find(sessionId, null).sessionId);
    return { result: services.sessions.snapshot(sessionId) };
  }),

  "session.detach": sessionMethod(({ caller, services, sessionId }) => {
    services.sessions.touch(sessionId);
    services.events.detach(sessionId, caller);
    caller.sessionId = null;
    return { result: { detached: true } };
  }),

  "session.rename": sessionMethod(({ params, services, sessionId }) => {
    const name = params.raw("name") ?? params.string("name");
    return { result: services.sessions.rename(sessionId, name) };
  }),

  "session.delete": sessionMethod(({ caller, services, sessionId }) => {
    // The caller learns it from the reply, everybody else from the event.
    services.events.detach(sessionId, caller);
    caller.sessionId = null;
    services.sessions.delete(sessionId);
    return { result: { deleted: true, session_id: sessionId } };
  }),

  "session.info": sessionMethod(({ services, sessionId }) => ({ result: services.sessions.snapshot(sessionId) })),

  "events.since": sessionMethod(({ params, services, sessionId }) => {
    const seq = params.integer("seq", { min: 0, max: Number.MAX_SAFE_INTEGER });
    const limit = params.integer("limit", { min: 1, max: 10_000, default: 1000 });
    return { result: { events: services.events.since(sessionId, seq, limit), seq: services.events.lastSeq(sessionId) } };
  }),
};

function attach(caller: Call["caller"], services: Call["services"], sessionId: string): void {
  // What is stored comes first: when the disk is full the caller stays where it was.
  services.sessions.touch(sessionId);
  services.events.attach(sessionId, caller);
  caller.sessionId = sessionId;
}
