import { Room, encoded } from "./memory";
import { decode, same } from "./text";

/** What a JSON value is. */
export enum Type {
  Absent,
  Null,
  Bool,
  Number,
  Text,
  List,
  Object,
}

const QUOTE: u8 = 0x22;
const BACKSLASH: u8 = 0x5c;
const COMMA: u8 = 0x2c;
const COLON: u8 = 0x3a;
const OPEN_LIST: u8 = 0x5b;
const CLOSE_LIST: u8 = 0x5d;
const OPEN_OBJECT: u8 = 0x7b;
const CLOSE_OBJECT: u8 = 0x7d;

/**
 * A JSON value, read where it lies: nothing is decoded before it is asked for, and fields that are not asked for are passed
 * over. What is not there is *absent*, as are the fields and elements of what has none, so that a path needs no check in
 * between: `event.field("user").field("name").is("ada")`. Getters give "", 0 and false for what is of another type.
 *
 * relay has checked the payload of an event that is JSON; of text that is no JSON it may make anything. It is valid until
 * the handler returns.
 */
@final
export class Json {
  // The value begins at start, and ends before `end`; holder is what keeps its bytes.
  constructor(private holder: ArrayBuffer | null, private start: usize, private end: usize) {
    this.start = space(start, end);
  }

  /** Reads bytes that the filter believes to be JSON, as the payload of an event that was sent as text. */
  static of(bytes: Uint8Array): Json {
    return new Json(bytes.buffer, bytes.dataStart, bytes.dataStart + bytes.byteLength);
  }

  /** Reads a string that the filter believes to be JSON. */
  static parse(text: string): Json {
    return Json.of(encoded(text));
  }

  /** What it is. */
  get type(): Type {
    switch (byte(this.start, this.end)) {
      case QUOTE:
        return Type.Text;
      case OPEN_OBJECT:
        return Type.Object;
      case OPEN_LIST:
        return Type.List;
      case 0x74: // t
      case 0x66: // f
        return Type.Bool;
      case 0x6e: // n
        return Type.Null;
      case 0x2d: // -
        return Type.Number;
      default:
        return <u32>byte(this.start, this.end) - 0x30 < 10 ? Type.Number : Type.Absent;
    }
  }

  /** Tells whether it is there; null is. */
  get exists(): bool {
    return this.type != Type.Absent;
  }

  /** Its text as it lies in the payload. */
  get raw(): string {
    return decode(this.start, valueEnd(this.start, this.end) - this.start);
  }

  /** Returns the field of an object, the first one if the name comes twice (in an event that is JSON none does). */
  field(name: string): Json {
    return fieldOf(this.holder, this.start, this.end, name);
  }

  /** Returns an element of a list. */
  at(index: i32): Json {
    const end = this.end;
    let i = inside(this.start, end, OPEN_LIST);
    for (; isValue(i, end); index--) {
      if (index == 0) return new Json(this.holder, i, end);
      i = next(valueEnd(i, end), end);
    }
    return new Json(null, 0, 0);
  }

  /** Returns the elements of a list; none of anything else. */
  elements(): Json[] {
    const all: Json[] = [];
    const end = this.end;
    let i = inside(this.start, end, OPEN_LIST);
    while (isValue(i, end)) {
      const last = valueEnd(i, end);
      all.push(new Json(this.holder, i, last));
      i = next(last, end);
    }
    return all;
  }

  /** Returns the names of an object's fields; none of anything else. */
  keys(): string[] {
    const names: string[] = [];
    const end = this.end;
    let i = inside(this.start, end, OPEN_OBJECT);
    while (byte(i, end) == QUOTE) {
      const close = stringEnd(i + 1, end);
      const value = afterColon(close + 1, end);
      if (!value) break;
      names.push(unquoted(i + 1, close));
      i = next(valueEnd(value, end), end);
    }
    return names;
  }

  /** Tells whether it is this text, without making a string. */
  is(text: string): bool {
    return byte(this.start, this.end) == QUOTE && textIs(this.start + 1, stringEnd(this.start + 1, this.end), text);
  }

  /** The text of a string. */
  get text(): string {
    return this.type == Type.Text ? unquoted(this.start + 1, stringEnd(this.start + 1, this.end)) : "";
  }

  /** Tells whether it is a whole number that is written without fraction and exponent, and fits 64 bits. */
  get isInt(): bool {
    let i = this.start;
    const end = this.type == Type.Number ? valueEnd(i, this.end) : i;
    const negative = byte(i, end) == 0x2d;
    if (negative) i++;
    if (i >= end) return false;
    let n: u64 = 0;
    for (; i < end; i++) {
      const digit = <u64>(load<u8>(i) - 0x30);
      if (digit > 9 || n > 922337203685477580) return false;
      n = n * 10 + digit;
    }
    return n <= <u64>i64.MAX_VALUE + u64(negative);
  }

  /** The whole number. */
  get int(): i64 {
    if (!this.isInt) return 0;
    const end = valueEnd(this.start, this.end);
    const negative = load<u8>(this.start) == 0x2d;
    let n: i64 = 0;
    for (let i = this.start + usize(negative); i < end; i++) n = n * 10 + <i64>(load<u8>(i) - 0x30);
    return negative ? -n : n;
  }

  /** The number. */
  get float(): f64 {
    return this.type == Type.Number ? parseFloat(this.raw) : 0;
  }

  /** Whether it is true. */
  get bool(): bool {
    return byte(this.start, this.end) == 0x74;
  }
}

/** Is Json.field of a value that has no object of its own yet. */
export function fieldOf(holder: ArrayBuffer | null, start: usize, end: usize, name: string): Json {
  let i = inside(space(start, end), end, OPEN_OBJECT);
  while (byte(i, end) == QUOTE) {
    const close = stringEnd(i + 1, end);
    const value = afterColon(close + 1, end);
    if (!value) break;
    if (textIs(i + 1, close, name)) return new Json(holder, value, end);
    i = next(valueEnd(value, end), end);
  }
  return new Json(null, 0, 0);
}

// @ts-ignore: decorator
@inline
function byte(i: usize, end: usize): u8 {
  return i < end ? load<u8>(i) : 0;
}

/** Returns where white space that begins at i ends. */
function space(i: usize, end: usize): usize {
  while (i < end) {
    const c = load<u8>(i);
    if (c != 0x20 && c != 0x0a && c != 0x0d && c != 0x09) break;
    i++;
  }
  return i;
}

/** Returns where the first item within a bracket begins, or the end if there is no such bracket. */
function inside(at: usize, end: usize, bracket: u8): usize {
  return byte(at, end) == bracket ? space(at + 1, end) : end;
}

/** Returns where the item after one that ended at i begins. */
function next(i: usize, end: usize): usize {
  i = space(i, end);
  return byte(i, end) == COMMA ? space(i + 1, end) : end;
}

/** Returns where a value behind a colon begins, 0 if there is no colon. */
function afterColon(i: usize, end: usize): usize {
  i = space(i, end);
  return byte(i, end) == COLON ? space(i + 1, end) : 0;
}

/** Tells whether a value may begin at i. */
function isValue(i: usize, end: usize): bool {
  const c = byte(i, end);
  return c != 0 && c != CLOSE_LIST && c != CLOSE_OBJECT && c != COMMA && c != COLON;
}

const ONES: u64 = 0x0101010101010101;

/** Returns a word in which the lowest bit that is set says where the first byte c is, eight bits each. */
// @ts-ignore: decorator
@inline
function spot(word: u64, c: u8): u64 {
  const x = word ^ (ONES * <u64>c);
  return (x - ONES) & ~x & (ONES << 7);
}

/** Returns where the closing quote is of the string whose first letter is at i; the end if it has none. */
function stringEnd(i: usize, end: usize): usize {
  while (i + 8 <= end) {
    const word = load<u64>(i);
    const found = spot(word, QUOTE) | spot(word, BACKSLASH);
    if (!found) {
      i += 8;
      continue;
    }
    i += <usize>(ctz(found) >> 3);
    if (load<u8>(i) == QUOTE) return i;
    i += 2;
  }
  while (i < end) {
    const c = load<u8>(i);
    if (c == QUOTE) return i;
    i += c == BACKSLASH ? 2 : 1;
  }
  return end;
}

/** Returns where the value ends that begins at i. */
function valueEnd(i: usize, end: usize): usize {
  const first = byte(i, end);
  if (first == QUOTE) return min(stringEnd(i + 1, end) + 1, end);
  if (first != OPEN_OBJECT && first != OPEN_LIST) {
    for (; i < end; i++) {
      const c = load<u8>(i);
      if (c <= 0x20 || c == COMMA || c == CLOSE_LIST || c == CLOSE_OBJECT || c == COLON || c == QUOTE) break;
    }
    return i;
  }
  for (let depth: u32 = 0; i < end; i++) {
    const c = load<u8>(i);
    if (c == QUOTE) {
      i = stringEnd(i + 1, end);
    } else if (c == OPEN_OBJECT || c == OPEN_LIST) {
      depth++;
    } else if (c == CLOSE_OBJECT || c == CLOSE_LIST) {
      if (--depth == 0) return i + 1;
    }
  }
  return end;
}

/** Returns where the first backslash is, or the end. */
function plain(i: usize, end: usize): usize {
  while (i + 8 <= end) {
    const found = spot(load<u64>(i), BACKSLASH);
    if (found) return i + <usize>(ctz(found) >> 3);
    i += 8;
  }
  while (i < end && load<u8>(i) != BACKSLASH) i++;
  return i;
}

/** Tells whether what lies between quotes is text. */
function textIs(i: usize, end: usize, text: string): bool {
  return plain(i, end) == end ? same(i, end - i, text) : unquoted(i, end) == text;
}

const room = new Room();

/** Returns the text of what lies between quotes. */
function unquoted(i: usize, end: usize): string {
  let stop = plain(i, end);
  if (stop == end) return decode(i, end - i);
  let text = "";
  while (i < end) {
    stop = plain(i, end);
    if (stop > i) text += decode(i, stop - i);
    i = stop;
    // A run of escapes, as UTF-16, in which \uXXXX is just a unit.
    const units = room.take(end - i);
    let to = units;
    while (i + 1 < end && load<u8>(i) == BACKSLASH) {
      const c = load<u8>(i + 1);
      i += 2;
      if (c == 0x75) {
        store<u16>(to, hex(i, end));
        i += 4;
      } else {
        store<u16>(to, escape(c));
      }
      to += 2;
    }
    if (to == units) break; // a backslash at the end
    text += String.UTF16.decodeUnsafe(units, to - units);
  }
  return text;
}

function escape(c: u8): u16 {
  switch (c) {
    case 0x62: // b
      return 8;
    case 0x66: // f
      return 12;
    case 0x6e: // n
      return 10;
    case 0x72: // r
      return 13;
    case 0x74: // t
      return 9;
    default:
      return c;
  }
}

/** Reads four digits, U+FFFD if they are none. */
function hex(i: usize, end: usize): u16 {
  let n: u32 = 0;
  if (i + 4 > end) return 0xfffd;
  for (let last = i + 4; i < last; i++) {
    const c = <u32>load<u8>(i);
    const letter = (c | 0x20) - 0x61;
    if (c - 0x30 < 10) n = (n << 4) | (c - 0x30);
    else if (letter < 6) n = (n << 4) | (letter + 10);
    else return 0xfffd;
  }
  return <u16>n;
}
