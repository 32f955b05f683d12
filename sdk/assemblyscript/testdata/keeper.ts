// Keeps one text for each of 1,000 numbers, and makes much that it does not keep: for the tests of memory.
import { Event, Verdict, fail, onEvent, pass, replace } from "../index";
export * from "../exports";

const kept = new Map<i32, string>();
let seen: i32 = 0;

onEvent((event: Event): Verdict => {
  const text = event.text;
  for (let i = 0; i < 4; i++) {
    const n = (seen * 7919 + i * 104729) % 1000;
    if (kept.has(n) && !kept.get(n).endsWith(n.toString())) return fail("what was kept has changed");
    kept.set(n, text + n.toString());
  }
  seen++;
  if (seen % 100 == 0) return replace(text.toUpperCase());
  return pass();
});
