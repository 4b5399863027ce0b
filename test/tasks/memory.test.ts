import { describe, expect, test } from "vitest";
import { collect, daemons, mirai, status } from "../../dist/tasks/index.js";
import { testDaemons } from "./api.ts";
import { dialIn, listeningProfile } from "./remote-rig.ts";

/** Fills the heap until something gives in. */
function fillHeap(): number {
  const kept: number[][] = [];
  for (let i = 0; ; i++) kept.push(new Array<number>(10_000).fill(i));
}

/** Takes three times the limit outside of the heap, touches it, so that the system has to give it, and keeps it until the process is ended. */
async function fillBuffers(): Promise<number> {
  const kept = Array.from({ length: 75 }, () => new Uint8Array(8_000_000).fill(1));
  await new Promise(() => {});
  return kept.length;
}

const LIMIT = 200;

describe("a limit on one daemon's memory", () => {
  test("a full heap fails the task with the limit's name; the daemon is replaced, the others know nothing of it", async () => {
    const profile = await testDaemons(1, { daemonMemoryMb: LIMIT });
    const failure = await collect(mirai(fillHeap, undefined, { profile }));
    expect(failure).toMatchObject({ errorValue: 19, message: expect.stringMatching(/more memory than daemonMemoryMb allows, 200 MB/) });
    expect(await mirai(() => "next", undefined, { profile })).toBe("next");
    expect(status(profile).exits.at(-1)).toMatchObject({ reason: "lost" });
  });

  test.runIf(process.platform === "linux")("buffers count too", async () => {
    const profile = await testDaemons(1, { daemonMemoryMb: LIMIT });
    const failure = await collect(mirai(fillBuffers, undefined, { profile }));
    expect(failure).toMatchObject({ errorValue: 19, message: expect.stringMatching(/daemonMemoryMb allows, 200 MB/) });
    expect(await mirai(() => "next", undefined, { profile })).toBe("next");
  });

  test.runIf(process.platform === "linux")("of a daemon that dialled in", async () => {
    const set = await listeningProfile({ daemonMemoryMb: LIMIT });
    void dialIn(set);
    for (const fill of [fillHeap, fillBuffers]) {
      const failure = await collect(mirai(fill as () => unknown, undefined, { profile: set.profile }));
      expect(failure).toMatchObject({ errorValue: 19, message: expect.stringMatching(/daemonMemoryMb allows, 200 MB/) });
    }
    expect(await mirai(() => "next", undefined, { profile: set.profile })).toBe("next");
  });

  test("the heap of a thread", async () => {
    const profile = await testDaemons(1, { thread: true, daemonMemoryMb: 64 });
    const failure = await collect(mirai(fillHeap, undefined, { profile }));
    expect(failure).toMatchObject({ errorValue: 19, message: expect.stringMatching(/daemonMemoryMb allows, 64 MB/) });
    expect(await mirai(() => "next", undefined, { profile })).toBe("next");
  });

  test("what cannot hold a Node is refused", () => {
    expect(() => daemons(1, { daemonMemoryMb: 10 })).toThrow(/at least 64/);
  });
});
