import { Event } from "./event";
import { reason } from "./host";
import { Room, encode } from "./memory";

/** What a handler decides: what pass, drop, reject, refuse, replace, replaceEvent and fail return. */
export type Verdict = i64;

const DROP: i64 = 1;
const FAIL: i64 = -1;
const RECORD: i64 = 1 << 31;

/** The event goes on unchanged; the connection or subscription is accepted. */
// @ts-ignore: decorator
@inline
export function pass(): Verdict {
  return 0;
}

/** The event ends here, which is fine: its publisher learns the reason, with status 200. */
export function drop(why: string = ""): Verdict {
  reason(0, why);
  return DROP;
}

/** The event ends here, and its publisher is at fault: status 422 and the reason. */
export function reject(why: string = ""): Verdict {
  reason(1, why);
  return DROP;
}

/**
 * Refuses a connection or a subscription with an HTTP status from 400 to 599, and tells the client the reason. drop and
 * reject refuse with 403. For an event, which has no status, it is a trap.
 */
export function refuse(status: i32, why: string = ""): Verdict {
  reason(status, why);
  return DROP;
}

/** Says that the filter could not decide; the operator's on_error does. The filter keeps its state. */
export function fail(why: string): Verdict {
  reason(0, why);
  return FAIL;
}

/** Lets the event go on with another payload of the same kind: a string, or a Uint8Array, also a part of the event's own. */
export function replace<T>(payload: T): Verdict {
  if (isString<T>()) {
    const text = <string>payload;
    const at = answer.take(<usize>text.length * 3);
    return place(at, encode(text, at));
  }
  if (idof<T>() != idof<Uint8Array>()) ERROR("replace takes a string or a Uint8Array");
  const bytes = changetype<Uint8Array>(payload);
  held = bytes;
  return place(bytes.dataStart, bytes.byteLength);
}

/** Lets this event go on in place of the one at hand: with its topic, kind, payload and attributes. */
export function replaceEvent(event: Event): Verdict {
  const length = event.record(answer);
  return place(answer.take(0), length) | RECORD;
}

const answer = new Room();
let held: Uint8Array | null = null; // until the next call, so that nothing collects it

/** Nothing is nowhere, but an answer must name an address: 8 will do. */
function place(at: usize, length: usize): i64 {
  return (<i64>(length ? at : 8) << 32) | <i64>length;
}
