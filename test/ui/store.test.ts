import { describe, expect, test } from "vitest";
import type { JobHistory, JobSummary, SessionEvent, SessionSnapshot } from "../../src/client/index.ts";
import { reduce } from "../../src/ui/store/reduce.ts";
import { INITIAL_STATE, type Message, type State } from "../../src/ui/store/state.ts";
import { Store } from "../../src/ui/store/store.ts";

const SESSION: SessionSnapshot = {
  session_id: "sess-1",
  name: "one",
  created: "",
  last_seen: "",
  n_connections: 1,
  jobs: [],
  data: [],
  seq: 0,
};

function job(id: string, change: Partial<JobSummary> = {}): JobSummary {
  return {
    job_id: id,
    type: "train",
    status: "running",
    submitted_at: "2026-01-01T00:00:00Z",
    started_at: null,
    completed_at: null,
    stage: null,
    fraction: null,
    last_message: null,
    error: null,
    algorithm: "CART",
    data_name: "iris",
    data_handle: "data-1",
    target: "species",
    task: "multiclass",
    headline: null,
    remaining_seconds: null,
    ...change,
  };
}

const progress = (seq: number, fields: object): SessionEvent => ({
  seq,
  event: "job.progress",
  data: { job_id: "j", stage: null, message: "", ...fields },
});
const node = (seq: number, id: string, status: string, more: object = {}): SessionEvent =>
  progress(seq, { node_id: id, parent_id: null, kind: "outer_fold", label: null, status, started_at: 1, ended_at: null, ...more });
const points = (seq: number, step: number[]): SessionEvent => ({
  seq,
  event: "job.points",
  data: {
    job_id: "j",
    points: [{ series: "s", node_id: "n1", fold: 1, split: "training", measure: "rmse", step, value: step.map((x) => x / 10) }],
  },
});
const history = (change: Partial<JobHistory> = {}): JobHistory => ({ job_id: "j", seq: 0, nodes: [], series: [], log: [], ...change });
const play = (state: State, ...messages: Message[]): State => messages.reduce(reduce, state);
const events = (...list: SessionEvent[]): Message => ({ type: "events", events: list });

function open(...messages: Message[]): Store {
  const store = new Store(() => {});
  store.dispatch({ type: "session", session: SESSION, gone: false });
  store.dispatch({ type: "jobs", jobs: [job("j")] });
  for (const message of messages) store.dispatch(message);
  return store;
}

const drawn = (store: Store): number[][] =>
  store.series.of("j").map(({ data }) => Array.from({ length: data.length }, (_, i) => data.xAt(i)));

describe("jobs in the list", () => {
  test("the newest job stands first, wherever it came from", () => {
    const state = play(
      INITIAL_STATE,
      { type: "jobs", jobs: [job("a", { submitted_at: "2026-01-01T00:00:00Z" }), job("b", { submitted_at: "2026-01-03T00:00:00Z" })] },
      events({ seq: 1, event: "job.submitted", data: { job_id: "c", summary: job("c", { submitted_at: "2026-01-02T00:00:00Z" }) } }),
    );
    expect(state.jobs?.map((j) => j.job_id)).toEqual(["b", "c", "a"]);
  });

  test("progress never goes back, and only the outermost loop moves it", () => {
    const state = play(
      INITIAL_STATE,
      { type: "jobs", jobs: [job("j")] },
      events(progress(1, { fraction: 0.4, remaining_seconds: 12 }), progress(2, { fraction: 0.3 }), progress(3, { current: 9, total: 10 })),
    );
    expect(state.jobs?.[0]).toMatchObject({ fraction: 0.4, remaining_seconds: 12 });
  });

  test("what arrives after the end of a job does not revive it", () => {
    const state = play(
      INITIAL_STATE,
      { type: "jobs", jobs: [job("j", { status: "running" })] },
      events(
        { seq: 1, event: "job.complete", data: { job_id: "j", summary: job("j", { status: "complete", fraction: 1 }) } },
        progress(2, { fraction: 0.5 }),
        { seq: 3, event: "job.started", data: { job_id: "j", started_at: "x" } },
      ),
    );
    expect(state.jobs?.[0]).toMatchObject({ status: "complete", fraction: 1 });
  });

  test("failure, cancelling and interruption carry their reason even without a summary", () => {
    const error = { code: "daemon_lost", message: "exit 9" };
    const state = play(
      INITIAL_STATE,
      { type: "jobs", jobs: [job("f"), job("c", { status: "queued", queue_position: 2 }), job("i")] },
      events(
        { seq: 1, event: "job.failed", data: { job_id: "f", error } },
        { seq: 2, event: "job.cancelled", data: { job_id: "c" } },
        { seq: 3, event: "job.interrupted", data: { job_id: "i", error } },
      ),
    );
    expect(state.jobs?.map((j) => [j.status, j.error])).toEqual([
      ["failed", error],
      ["cancelled", null],
      ["interrupted", error],
    ]);
    expect(state.jobs?.[1]).not.toHaveProperty("queue_position");
  });

  test("untouched parts keep their identity, so that nothing else is drawn again", () => {
    const before = play(INITIAL_STATE, { type: "jobs", jobs: [job("a"), job("j")] }, { type: "data", handles: [] });
    const after = reduce(before, events(progress(1, { fraction: 0.1 })));
    expect(after.data).toBe(before.data);
    expect(after.jobs?.[0]).toBe(before.jobs?.[0]);
    expect(reduce(after, events({ seq: 2, event: "unheard.of", data: null }))).toBe(after);
  });
});

describe("an opened job", () => {
  test("events that come while the history is on its way follow it, each once", () => {
    const store = open({ type: "history.asked", jobId: "j" });
    for (const event of [node(4, "n1", "done"), points(5, [3, 4]), node(6, "n2", "start"), points(7, [5])]) store.event(event);
    store.dispatch({
      type: "history",
      history: history({
        seq: 5,
        nodes: [{ node_id: "n1", status: "done", kind: "outer_fold" }],
        series: [{ series: "s", node_id: "n1", fold: 1, split: "training", measure: "rmse", step: [1, 2, 3, 4], value: [1, 2, null, 4] }],
      }),
    });
    store.event(points(8, [6]));
    store.flush();
    expect(drawn(store)).toEqual([[1, 2, 3, 4, 5, 6]]);
    expect([...store.state.value.live.j!.nodes.keys()]).toEqual(["n1", "n2"]);
  });

  test("asking for the history again, as after a restart, doubles nothing", () => {
    const store = open({ type: "history.asked", jobId: "j" }, { type: "history", history: history() });
    store.event(points(1, [1, 2]));
    store.dispatch({ type: "history.asked", jobId: "j" });
    store.event(points(2, [3]));
    const series = [{ series: "s", node_id: "n1", fold: 1, split: "training", measure: "rmse", step: [1, 2, 3], value: [1, 2, 3] }];
    store.dispatch({ type: "history", history: history({ seq: 2, series }) });
    expect(drawn(store)).toEqual([[1, 2, 3]]);
  });

  test("wherever the history cuts the log, the picture is the same", () => {
    const log = [
      node(1, "n1", "start"),
      points(2, [1]),
      points(3, [2, 3]),
      node(4, "n1", "update", { metric: 0.9 }),
      points(5, [4]),
      node(6, "n1", "done"),
    ];
    const pictures = [0, 1, 2, 3, 4, 5, 6].map((cut) => {
      const told = log.filter((e) => e.seq! <= cut);
      const before = open({ type: "history.asked", jobId: "j" }, { type: "history", history: history() });
      before.dispatch(events(...told));
      const whole = before.series.of("j")[0];
      const store = open({ type: "history.asked", jobId: "j" });
      store.dispatch(events(...log.slice(Math.max(0, cut - 2))));
      store.dispatch({
        type: "history",
        history: history({
          seq: cut,
          nodes: [...before.state.value.live.j!.nodes.values()] as never,
          series: whole
            ? [
                {
                  ...whole,
                  series: whole.id,
                  node_id: "n1",
                  step: [...whole.data.x],
                  value: [...whole.data.y],
                },
              ]
            : [],
        }),
      });
      return { curves: drawn(store), nodes: [...store.state.value.live.j!.nodes.values()] };
    });
    for (const picture of pictures) expect(picture).toEqual(pictures[0]);
    expect(pictures[0]!.curves).toEqual([[1, 2, 3, 4]]);
    expect(pictures[0]!.nodes[0]).toMatchObject({ status: "done", metric: 0.9 });
  });

  test("lines of text go to the log, and a value that is not finite is kept as a hole", () => {
    const store = open({ type: "history.asked", jobId: "j" }, { type: "history", history: history() });
    store.event(progress(1, { message: "fold 3 failed", level: "warning", at: 77 }));
    store.event({
      seq: 2,
      event: "job.points",
      data: { job_id: "j", points: [{ series: "s", node_id: "n", fold: 1, split: "training", measure: "m", step: [1], value: [null] }] },
    });
    store.flush();
    expect(store.state.value.live.j?.log).toEqual([{ at: 77, level: "warning", message: "fold 3 failed" }]);
    expect(store.series.of("j")[0]!.data.yAt(0)).toBeNaN();
  });

  test("a curve of 100,000 points keeps every one of them", () => {
    const store = open({ type: "history.asked", jobId: "j" }, { type: "history", history: history() });
    for (let i = 0; i < 100; i++)
      store.event(
        points(
          i + 1,
          Array.from({ length: 1000 }, (_, k) => i * 1000 + k),
        ),
      );
    store.flush();
    const series = store.series.of("j")[0]!;
    expect(series.data.length).toBe(100_000);
    expect(series.data.x.every((x, i) => x === i)).toBe(true);
  });

  test("jobs that nobody opened cost nothing", () => {
    const store = open();
    store.event(points(1, [1]));
    store.event(node(2, "n1", "start"));
    store.flush();
    expect(store.state.value.live).toEqual({});
    expect(store.series.of("j")).toEqual([]);
  });
});

describe("the session", () => {
  test("another session shows nothing of the one before, but keeps what the server offers to all", () => {
    const state = play(
      INITIAL_STATE,
      { type: "session", session: SESSION, gone: false },
      { type: "jobs", jobs: [job("j")] },
      { type: "pulled", key: "algorithms", value: 1 },
      { type: "pulled", key: "profile:data-1", value: 2 },
      { type: "session", session: { ...SESSION, session_id: "sess-2" }, gone: false },
    );
    expect(state).toMatchObject({ jobs: null, data: null, live: {}, pulled: { algorithms: { at: "ready" } } });
    expect(state.pulled).not.toHaveProperty("profile:data-1");
  });

  test("joining the same session again after a lost link keeps everything", () => {
    const before = play(INITIAL_STATE, { type: "session", session: SESSION, gone: false }, { type: "jobs", jobs: [job("j")] });
    const after = reduce(before, { type: "session", session: { ...SESSION, seq: 9 }, gone: false });
    expect(after.jobs).toBe(before.jobs);
  });

  test("data come and go with their events, and a renamed one stays in its place", () => {
    const handle = (id: string, name: string) => ({ data_handle: id, name, rows: 1, cols: 1 });
    const state = play(
      INITIAL_STATE,
      { type: "data", handles: [handle("a", "x"), handle("b", "y")] },
      events(
        { seq: 1, event: "data.added", data: handle("a", "z") },
        { seq: 2, event: "data.added", data: handle("c", "w") },
        { seq: 3, event: "data.removed", data: { data_handle: "b" } },
      ),
    );
    expect(state.data?.map((d) => d.name)).toEqual(["z", "w"]);
  });

  test("a data set that changed is fetched again, the others are not", () => {
    const state = play(
      INITIAL_STATE,
      { type: "data", handles: [{ data_handle: "a", name: "x", rows: 1, cols: 1 }] },
      { type: "pulled", key: "profile:a", value: 1 },
      { type: "pulled", key: "preview:a:0", value: 1 },
      { type: "pulled", key: "profile:ab", value: 1 },
      events({ seq: 1, event: "data.added", data: { data_handle: "a", name: "x", rows: 1, cols: 1 } }),
    );
    expect(Object.keys(state.pulled)).toEqual(["profile:ab"]);
  });
});

test("events wait for the frame together, and any other message comes after them", () => {
  let frames: (() => void)[] = [];
  const store = new Store((flush) => frames.push(flush));
  store.dispatch({ type: "jobs", jobs: [job("j")] });
  let changes = 0;
  store.state.subscribe(() => changes++);
  for (let i = 1; i <= 50; i++) store.event(progress(i, { fraction: i / 100 }));
  expect([changes, frames.length]).toEqual([1, 1]);
  frames[0]!();
  expect([changes, store.state.value.jobs?.[0]?.fraction]).toEqual([2, 0.5]);
  store.event(progress(51, { fraction: 0.9 }));
  store.dispatch({ type: "jobs", jobs: [job("j", { fraction: 0.95 })] });
  expect(store.state.value.jobs?.[0]?.fraction).toBe(0.95);
  frames = [];
});
