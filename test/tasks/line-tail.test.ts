import { expect, test } from "vitest";
import { LineTail } from "../../src/tasks/links/line-tail.ts";

test("keeps the last whole lines within the limit", () => {
  const tail = new LineTail(20);
  for (let i = 0; i < 1000; i++) tail.push(`line ${i}\n`);
  expect(tail.toString()).toBe("line 998\nline 999\n");
});

test("keeps everything that fits, the end of an endless line, and pieces of lines", () => {
  const short = new LineTail(20);
  short.push("a");
  short.push("b\nc");
  expect(short.toString()).toBe("ab\nc");
  const endless = new LineTail(5);
  for (let i = 0; i < 100; i++) endless.push(String(i % 10));
  expect(endless.toString()).toBe("56789");
});

test("a line that begins exactly at the limit is kept whole", () => {
  const tail = new LineTail(4);
  tail.push("xx\nabc\n");
  expect(tail.toString()).toBe("abc\n");
});
