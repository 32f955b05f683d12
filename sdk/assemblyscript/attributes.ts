import { compare, decode, same } from "./text";

const OVERHEAD: usize = 6; // u16 length of the name, u32 length of the value

/** The named strings that travel with an event, sorted by name. Nothing is decoded before it is asked for. */
export class Attributes {
  /** Where they are, and their length in bytes. */
  at: usize = 0;
  byteLength: usize = 0;
  private own: ArrayBuffer | null = null; // holds what was changed

  /** Makes these be those at an address. */
  view(at: usize, byteLength: usize): void {
    this.at = at;
    this.byteLength = byteLength;
    this.own = null;
  }

  /** How many there are. */
  get length(): i32 {
    let n = 0;
    const end = this.at + this.byteLength;
    for (let i = this.at; i < end; i = after(i)) n++;
    return n;
  }

  /** Returns the value of name, or "" if there is none. */
  get(name: string): string {
    const i = this.find(name);
    return i ? decode(value(i), valueLength(i)) : "";
  }

  /** Returns the value of name as bytes, or null if there is none. */
  bytes(name: string): Uint8Array | null {
    const i = this.find(name);
    if (!i) return null;
    const copy = new Uint8Array(<i32>valueLength(i));
    memory.copy(copy.dataStart, value(i), valueLength(i));
    return copy;
  }

  /** Tells whether there is a value of name. */
  has(name: string): bool {
    return this.find(name) != 0;
  }

  /** Tells whether the value of name is text, which makes no string. */
  is(name: string, text: string): bool {
    const i = this.find(name);
    return i != 0 && same(value(i), valueLength(i), text);
  }

  /** Returns all names, in order. */
  keys(): string[] {
    const names: string[] = [];
    const end = this.at + this.byteLength;
    for (let i = this.at; i < end; i = after(i)) names.push(decode(i + OVERHEAD, load<u16>(i)));
    return names;
  }

  /** Sets the value of name, which must have 1 to 65,535 bytes. */
  set(name: string, text: string): void {
    const key = String.UTF8.encode(name);
    const bytes = String.UTF8.encode(text);
    assert(key.byteLength > 0 && key.byteLength <= 0xffff, "an attribute's name has 1 to 65535 bytes");
    this.change(key, bytes);
  }

  /** Removes name. */
  delete(name: string): void {
    if (this.has(name)) this.change(String.UTF8.encode(name), null);
  }

  /** Removes all. */
  clear(): void {
    this.view(0, 0);
  }

  /** Makes a copy without name, and with the value in its place if there is one. */
  private change(name: ArrayBuffer, text: ArrayBuffer | null): void {
    const key = changetype<usize>(name);
    const keyLength = <usize>name.byteLength;
    const more = text ? OVERHEAD + keyLength + <usize>text.byteLength : 0;
    const out = new ArrayBuffer(<i32>(this.byteLength + more));
    let to = changetype<usize>(out);
    let placed = false;
    const end = this.at + this.byteLength;
    for (let i = this.at; i < end; i = after(i)) {
      const order = compare(i + OVERHEAD, load<u16>(i), key, keyLength);
      if (order >= 0 && !placed) {
        to = put(to, name, text);
        placed = true;
      }
      if (order != 0) {
        memory.copy(to, i, after(i) - i);
        to += after(i) - i;
      }
    }
    if (!placed) to = put(to, name, text);
    this.at = changetype<usize>(out);
    this.byteLength = to - this.at;
    this.own = out;
  }

  private find(name: string): usize {
    const end = this.at + this.byteLength;
    for (let i = this.at; i < end; i = after(i)) {
      if (same(i + OVERHEAD, load<u16>(i), name)) return i;
    }
    return 0;
  }
}

function put(to: usize, name: ArrayBuffer, text: ArrayBuffer | null): usize {
  if (!text) return to;
  store<u16>(to, <u16>name.byteLength);
  store<u32>(to + 2, text.byteLength);
  memory.copy(to + OVERHEAD, changetype<usize>(name), name.byteLength);
  memory.copy(to + OVERHEAD + name.byteLength, changetype<usize>(text), text.byteLength);
  return to + OVERHEAD + name.byteLength + text.byteLength;
}

// @ts-ignore: decorator
@inline
function value(i: usize): usize {
  return i + OVERHEAD + load<u16>(i);
}

// @ts-ignore: decorator
@inline
function valueLength(i: usize): usize {
  return load<u32>(i + 2);
}

// @ts-ignore: decorator
@inline
function after(i: usize): usize {
  return value(i) + valueLength(i);
}
