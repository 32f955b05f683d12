// What relay does for a filter. Only what a filter calls is imported, so it needs in `allow:` no more than it uses.

import { Event, Kind } from "./event";
import { Room, encoded } from "./memory";

// @ts-ignore: decorator
@external("relay", "log")
declare function hostLog(level: i32, at: usize, length: usize): void;
// @ts-ignore: decorator
@external("relay", "reason")
declare function hostReason(code: i32, at: usize, length: usize): void;
// @ts-ignore: decorator
@external("relay", "emit")
declare function hostEmit(at: usize, length: usize): i32;
// @ts-ignore: decorator
@external("relay", "kv_get")
declare function hostGet(key: usize, keyLength: usize, out: usize, room: usize): i32;
// @ts-ignore: decorator
@external("relay", "kv_set")
declare function hostSet(key: usize, keyLength: usize, value: usize, length: usize, ttl: i64): i32;
// @ts-ignore: decorator
@external("relay", "kv_add")
declare function hostAdd(key: usize, keyLength: usize, delta: i64, ttl: i64): i64;
// @ts-ignore: decorator
@external("relay", "now")
declare function hostNow(): i64;
// @ts-ignore: decorator
@external("relay", "random")
declare function hostRandom(at: usize, length: usize): void;
// @ts-ignore: decorator
@external("relay", "metric")
declare function hostMetric(name: usize, length: usize, delta: i64): void;

const room = new Room();

/** The level of a log line. */
export enum Level {
  Debug,
  Info,
  Warn,
  Error,
}

/** Writes a line to relay's log. */
export function log(level: Level, line: string): void {
  const length = room.write(line);
  hostLog(level, room.take(0), length);
}

/** Says why, before an answer. */
export function reason(code: i32, why: string): void {
  const length = room.write(why);
  hostReason(code, room.take(0), length);
}

/**
 * Makes a further event on topic, which goes on with the filters after this one; its payload is a string or a Uint8Array.
 * It stays so if the event at hand is dropped, but not if the call fails. Returns false if it would exceed the cap on their
 * number or bytes per call. A topic that is none, or a payload that is not of its kind, is a trap.
 */
export function emit<T>(topic: string, kind: Kind, payload: T): bool {
  const event = new Event(topic);
  if (isString<T>()) {
    event.text = <string>payload;
  } else {
    if (idof<T>() != idof<Uint8Array>()) ERROR("emit takes a string or a Uint8Array");
    event.payload = changetype<Uint8Array>(payload);
  }
  event.kind = kind;
  return emitEvent(event);
}

/** Is emit with attributes. Time and origin are those of the event at hand, whatever event says. */
export function emitEvent(event: Event): bool {
  const length = event.record(room);
  return hostEmit(room.take(0), length) == 0;
}

/** The clock, in nanoseconds since 1970. Grant: now. Without it there is the event's own time. */
export function now(): i64 {
  return hostNow();
}

/** Returns n random bytes that are fit for cryptography. Grant: random. */
export function random(n: i32): Uint8Array {
  const bytes = new Uint8Array(n);
  hostRandom(bytes.dataStart, n);
  return bytes;
}

/** Adds delta to the filter's metric of that name ([a-z_][a-z0-9_]*). Grant: metric. */
export function metric(name: string, delta: i64 = 1): void {
  const length = room.write(name);
  hostMetric(room.take(0), length, delta);
}

/** The filter's key-value store, which its lanes share and other filters do not see. Grant: kv. */
export namespace kv {
  /** What add returns if there is no room. */
  export const NO_ROOM: i64 = i64.MIN_VALUE;

  /** Returns the value of key, or null if there is none. */
  export function get(key: string): Uint8Array | null {
    let out = new Uint8Array(128);
    const length = room.write(key);
    let n = hostGet(room.take(0), length, out.dataStart, out.byteLength);
    while (n > out.byteLength) {
      out = new Uint8Array(n); // it did not fit, and may have grown again by the time we ask again
      n = hostGet(room.take(0), length, out.dataStart, out.byteLength);
    }
    return n < 0 ? null : out.subarray(0, n);
  }

  /** Sets the value of key, a string or a Uint8Array, for ttl milliseconds (0: without end). Returns false if there is no room. */
  export function set<T>(key: string, value: T, ttl: i64 = 0): bool {
    let bytes: Uint8Array;
    if (isString<T>()) {
      bytes = encoded(<string>value);
    } else {
      if (idof<T>() != idof<Uint8Array>()) ERROR("kv.set takes a string or a Uint8Array");
      bytes = changetype<Uint8Array>(value);
    }
    const length = room.write(key);
    return hostSet(room.take(0), length, bytes.dataStart, bytes.byteLength, max<i64>(ttl, 0)) == 0;
  }

  /** Removes key. */
  export function remove(key: string): void {
    const length = room.write(key);
    hostSet(room.take(0), length, 0, 0, -1);
  }

  /**
   * Adds delta to the counter key and returns the sum, in one step for all lanes, or NO_ROOM. A key that is absent starts at
   * 0 and lasts for ttl milliseconds (0: without end); later calls do not prolong it.
   */
  export function add(key: string, delta: i64, ttl: i64 = 0): i64 {
    const length = room.write(key);
    return hostAdd(room.take(0), length, delta, max<i64>(ttl, 0));
  }
}
