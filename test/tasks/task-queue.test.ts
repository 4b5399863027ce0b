import fc from "fast-check";
import { expect, test } from "vitest";
import { type Queueable, TaskQueue } from "../../src/tasks/task-queue.ts";

class Member implements Queueable<Member> {
  before: Member | null = null;
  after: Member | null = null;
}

test("behaves as a list under any sequence of operations", () => {
  const operation = fc.record({ kind: fc.constantFrom("enqueue", "putBack", "dequeue", "remove"), at: fc.nat(1000) });
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 80 }), (operations) => {
      const queue = new TaskQueue<Member>();
      const model: Member[] = [];
      for (const { kind, at } of operations) {
        const member = new Member();
        if (kind === "enqueue") {
          queue.enqueue(member);
          model.push(member);
        } else if (kind === "putBack") {
          queue.putBack(member);
          model.unshift(member);
        } else if (kind === "dequeue") expect(queue.dequeue()).toBe(model.shift() ?? null);
        else if (model.length > 0) {
          const [removed] = model.splice(at % model.length, 1);
          queue.remove(removed!);
          expect([removed!.before, removed!.after]).toEqual([null, null]);
        }
        expect(queue.length).toBe(model.length);
        expect(queue.head).toBe(model[0] ?? null);
      }
      while (model.length > 0) expect(queue.dequeue()).toBe(model.shift());
      expect(queue.dequeue()).toBeNull();
    }),
  );
});

test("three hundred thousand members are removed from anywhere in far less time than moving the others up would take", () => {
  const queue = new TaskQueue<Member>();
  const members = Array.from({ length: 300_000 }, () => new Member());
  const start = performance.now();
  for (const member of members) queue.enqueue(member);
  for (let i = members.length - 1; i >= 0; i -= 2) queue.remove(members[i]!);
  while (queue.dequeue() !== null);
  expect(queue.length).toBe(0);
  expect(performance.now() - start).toBeLessThan(5000);
});
