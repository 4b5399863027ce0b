import type { Call, MethodTable } from "./method.ts";
import { openMethod, sessionMethod } from "./method.ts";
import { WireError } from "./wire-error.ts";

/** Events that one step of a replay reads and sends before it looks whether the reader keeps up. */
const REPLAY_PAGE = 500;

/** `session.*` and `events.since`. */
export const SESSION_METHODS: MethodTable = {
  "session.list": openMethod("authenticated", ({ services }) => ({ result: { sessions: services.sessions.list() } })),

  "session.create": openMethod("unattached", ({ params, caller, services }) => {
    const session = services.sessions.create(params.raw("name"), params.optionalString("request_key"));
    attach(caller, services, session.sessionId);
    return { result: services.sessions.snapshot(session.sessionId) };
  }),

  "session.join": openMethod("unattached", async (call) => {
    const { params, caller, services } = call;
    const { sessionId } = services.sessions.find(params.raw("session_id"), params.raw("name"));
    const since = params.optionalInteger("since", { min: -1, max: Number.MAX_SAFE_INTEGER });
    if (since === null) replayUnseen(call, sessionId);
    else if (since >= 0) await replaySince(call, sessionId, since);
    if (!caller.isOpen) throw new WireError("not_attached", "The link closed during the replay.");
    // Nothing can happen between the last replayed event and this line: there is no wait in between.
    attach(caller, services, services.sessions.find(sessionId, null).sessionId);
    return { result: services.sessions.snapshot(sessionId) };
  }),

  "session.detach": sessionMethod(({ caller, services, sessionId }) => {
    services.events.detach(sessionId, caller);
    services.sessions.touch(sessionId);
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
  caller.sessionId = sessionId;
  services.events.attach(sessionId, caller);
  services.sessions.touch(sessionId);
}

/** Version 1: what nobody was there to get, then how much of it is lost. */
function replayUnseen({ caller, services }: Call, sessionId: string): void {
  const { events, dropped } = services.events.unseen(sessionId);
  for (const event of events) caller.deliver(event);
  if (dropped > 0) caller.notify("session.events_dropped", { events_dropped: dropped });
}

/** Everything after `since`, page by page, at the reader's pace. Ends when the log has no more. */
async function replaySince({ caller, services }: Call, sessionId: string, since: number): Promise<void> {
  for (let last = since; ; ) {
    const page = services.events.since(sessionId, last, REPLAY_PAGE);
    for (const event of page) {
      caller.deliver(event);
      last = event.seq;
    }
    if (page.length < REPLAY_PAGE) return;
    await caller.drained();
  }
}
