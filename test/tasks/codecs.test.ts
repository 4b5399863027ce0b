import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { collect, daemons, forgetCodecs, mirai, type Note, registerCodec } from "../../dist/tasks/index.js";
import { testDaemons } from "./api.ts";
import { both, Fragile, Point, Tag } from "./point.mjs";
import { dialIn, listeningProfile } from "./remote-rig.ts";

const MODULE = new URL("./point.mjs", import.meta.url);
const job = (name: string) => ({ module: MODULE, export: name });

beforeAll(async () => {
  (globalThis as { isHostOfCodecs?: boolean }).isHostOfCodecs = true;
  await registerCodec({ module: MODULE, export: "both" });
  await registerCodec({ module: MODULE, export: "fragileCodec" });
});
afterAll(() => forgetCodecs());

describe.each(["processes", "daemons that dial in", "a synchronous profile"])("classes with codecs, on %s", (kind) => {
  async function profileOf(): Promise<string> {
    if (kind === "processes") return testDaemons(1);
    if (kind === "a synchronous profile") return testDaemons(0, { sync: true });
    const set = await listeningProfile();
    void dialIn(set);
    return set.profile;
  }

  test("M-118: instances arrive as themselves, at any depth, in both directions; two classes in one registration", async () => {
    const profile = await profileOf();
    const point = new Point(3, 4);
    const args = { points: [point, point], deep: new Map([["tag", [new Tag("sent")]]]) };
    const result = (await mirai(job("mirror"), args, { profile })) as { norms: number[]; same: boolean; back: [Point, Tag] };
    expect(result).toMatchObject({ norms: [5, 5], same: true });
    expect(result.back[0]).toBeInstanceOf(Point);
    expect(result.back[0].norm()).toBeCloseTo(Math.sqrt(5));
    expect(result.back[1]).toBeInstanceOf(Tag);
    expect(result.back[1].text).toBe("made there");
    expect(await mirai(job("constantNorm"), null, { profile, constants: { point } })).toBe(5);
  });

  test("M-87, M-118: a codec that throws fails its task and no other", async () => {
    const profile = await profileOf();
    const bad = new Fragile("everywhere");
    expect(() => mirai((value: unknown) => value, new Fragile("encode"), { profile })).toThrow(
      /codec "fragile" cannot encode a value: too thin/,
    );
    const outcomes = await collect([
      mirai(job("makeFragile"), "encode", { profile }), // its result cannot be written there
      mirai(job("makeFragile"), "host", { profile }), // its result cannot be read here
      mirai(job("makeFragile"), "never", { profile }),
    ]);
    expect(outcomes.slice(0, 2).map((outcome) => (outcome as { name: string }).name)).toEqual(["TaskError", "TaskError"]);
    expect((outcomes[1] as Error).message).toMatch(/came in pieces/);
    expect((outcomes[2] as { inside: [Fragile] }).inside[0]).toBeInstanceOf(Fragile);

    const unreadable = () => mirai(job("makeFragile"), { bad }, { profile }); // its arguments cannot be read there
    if (kind === "a synchronous profile") expect(unreadable).toThrow(/cannot decode a value: came in pieces/);
    else expect(((await collect(unreadable())) as Error).message).toMatch(/codec "fragile" cannot decode a value: came in pieces/);
    expect(await mirai(() => 1, undefined, { profile })).toBe(1);
  });

  test("constants that a codec cannot read fail the tasks that name them", async () => {
    if (kind === "a synchronous profile") return; // there they fail when they are given
    const profile = await profileOf();
    const constants = { bad: new Fragile("everywhere") };
    expect((await collect(mirai(job("constantNorm"), null, { profile, constants }))) as Error).toMatchObject({ name: "TaskError" });
    expect(await mirai(() => 1, undefined, { profile })).toBe(1);
  });
});

test("a note that cannot be read here is the reason why, and the task goes on", async () => {
  const profile = await testDaemons(1);
  const notes: Note[] = [];
  await mirai(job("noteOne"), "host", { profile, onNote: (note) => notes.push(note) });
  expect((notes[0] as unknown as { value: Error }).value.message).toMatch(/came in pieces/);
});

test("an instance that contains itself fails its task with the reason", async () => {
  const profile = await testDaemons(1);
  const loop = { around: null as unknown };
  const tag = new Tag("x");
  loop.around = tag;
  Object.defineProperty(tag, "text", { value: loop }); // what the codec sends leads back to the instance
  const failure = (await collect(mirai((value: unknown) => typeof value, tag, { profile }))) as Error;
  expect(failure.message).toMatch(/refers to itself/);
});

test("what is no codec is refused; daemons that were set before a registration do not have it", async () => {
  await expect(registerCodec({ module: MODULE, export: "Point" })).rejects.toThrow(/no codec named "Point"/);
  await expect(registerCodec({ module: new URL("./no-such.mjs", import.meta.url), export: "x" })).rejects.toThrow(/cannot be imported/);
  forgetCodecs();
  const profile = await testDaemons(1);
  await registerCodec({ module: MODULE, export: "both" });
  const failure = (await collect(mirai(job("mirror"), { points: [new Point(1, 2)] }, { profile }))) as Error;
  expect(failure.message).toMatch(/codec "point" cannot decode a value: it is not registered here/);
  expect(both).toHaveLength(2);
  await daemons(0, { profile });
});
