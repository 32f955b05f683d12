// Makes much and keeps nothing, so that it may have any runtime: for the tests of memory.
import { Event, Kind, Level, Verdict, emit, fail, log, onEvent, replaceEvent } from "../index";
export * from "../exports";

let seen: i32 = 0;

onEvent((event: Event): Verdict => {
  const parts: string[] = [];
  for (let i = 0; i < 20; i++) parts.push(event.text + i.toString());
  seen++;
  event.text = parts.join(",");
  event.attributes.set("seen", seen.toString());
  event.attributes.set("length", event.text.length.toString());
  log(Level.Debug, parts[seen % 20]);
  if (!emit("t." + seen.toString(), Kind.Text, parts[0])) return fail("refused");
  return replaceEvent(event);
});
