import { Attributes } from "./attributes";
import { Json, fieldOf } from "./json";
import { HEADER, Room, buffer, encode, encoded } from "./memory";
import { compare, decode } from "./text";

/** What a payload is. */
export enum Kind {
  /** Any bytes. */
  Binary,
  /** UTF-8. */
  Text,
  /** One JSON value. */
  Json,
}

const TEXT: u32 = 1;
const INBOUND: u32 = 2;
const JSON: u32 = 4;

/**
 * One event on its way through the filters. Handlers may change it, and return it with replaceEvent.
 *
 * What it gives views relay's buffer until the handler returns, after which the next event overwrites it. Copy what must
 * last: `payload.slice()`. Strings may be kept (but see README.md on the runtime stub).
 */
export class Event {
  /** What the payload is. */
  kind: Kind = Kind.Text;
  /** Came from a client's socket; otherwise it was published by HTTP. */
  inbound: bool = false;
  /** When relay took it, in nanoseconds since 1970. */
  time: i64 = 0;
  /** The attributes. */
  attributes: Attributes = new Attributes();
  private bytes: Uint8Array = empty; // the payload
  private topicText: string | null = null; // if it was asked for, or set
  private topicAt: usize = 0;
  private topicLength: usize = 0;

  /** Makes a new event: without attributes, its payload empty text. */
  constructor(topic: string = "") {
    this.topicText = topic;
  }

  /** Makes this the event of the record in the buffer. */
  load(len: u32): void {
    const at = changetype<usize>(buffer);
    const flags = load<u32>(at);
    this.kind = flags & JSON ? Kind.Json : flags & TEXT ? Kind.Text : Kind.Binary;
    this.inbound = (flags & INBOUND) != 0;
    this.time = load<i64>(at, 24);
    this.topicText = null;
    this.topicAt = at + HEADER;
    this.topicLength = load<u32>(at, 4);
    const attributes = this.topicAt + this.topicLength;
    const length: usize = load<u32>(at, 8);
    this.attributes.view(attributes, length);
    const view = window;
    this.bytes = view;
    if (view.buffer != buffer) {
      store<usize>(changetype<usize>(view), changetype<usize>(buffer), offsetof<Uint8Array>("buffer"));
      __link(changetype<usize>(view), changetype<usize>(buffer), false);
    }
    store<usize>(changetype<usize>(view), attributes + length, offsetof<Uint8Array>("dataStart"));
    store<u32>(changetype<usize>(view), load<u32>(at, 12), offsetof<Uint8Array>("byteLength"));
  }

  /** The topic; in onSubscribe the pattern. */
  get topic(): string {
    const text = this.topicText;
    if (text) return text;
    return (this.topicText = topics.get(this.topicAt, this.topicLength));
  }

  set topic(topic: string) {
    this.topicText = topic;
  }

  /** The payload's bytes, where relay wrote them. */
  get payload(): Uint8Array {
    return this.bytes;
  }

  set payload(payload: Uint8Array) {
    this.bytes = payload;
  }

  /** The payload as a string. Setting it makes the kind text, unless it is JSON. */
  get text(): string {
    return decode(this.bytes.dataStart, this.bytes.byteLength);
  }

  set text(text: string) {
    this.bytes = encoded(text);
    if (this.kind == Kind.Binary) this.kind = Kind.Text;
  }

  /** The payload of an event that is JSON, read where it lies. Of other events it is absent. */
  get json(): Json {
    return this.kind == Kind.Json ? Json.of(this.bytes) : new Json(null, 0, 0);
  }

  /** A field of the object that the payload is: event.field("level").is("debug"). */
  field(name: string): Json {
    const bytes = this.bytes;
    const start = bytes.dataStart;
    return fieldOf(bytes.buffer, start, this.kind == Kind.Json ? start + bytes.byteLength : start, name);
  }

  /** Writes the event's record, and returns its length. Its address is room.take(0). */
  record(room: Room): usize {
    const topic = this.topicText;
    const attributes = this.attributes;
    const payload = this.bytes;
    const most = topic ? <usize>topic.length * 3 : this.topicLength;
    const at = room.take(HEADER + most + attributes.byteLength + payload.byteLength);
    let to = at + HEADER;
    if (topic) {
      to += encode(topic, to);
    } else {
      memory.copy(to, this.topicAt, most);
      to += most;
    }
    store<u32>(at, this.kind == Kind.Json ? JSON | TEXT : this.kind == Kind.Text ? TEXT : 0);
    store<u32>(at, <u32>(to - at - HEADER), 4);
    store<u32>(at, <u32>attributes.byteLength, 8);
    store<u32>(at, payload.byteLength, 12);
    store<u64>(at, 0, 16);
    store<i64>(at, this.time, 24);
    memory.copy(to, attributes.at, attributes.byteLength);
    to += attributes.byteLength;
    memory.copy(to, payload.dataStart, payload.byteLength);
    return to + payload.byteLength - at;
  }
}

const empty = new Uint8Array(0);
const window = new Uint8Array(0); // on the payload in the buffer

/** The event at hand. */
export const current: Event = new Event();

/** The last topic that was asked for, since mostly the next one is the same. */
namespace topics {
  const bytes = new StaticArray<u8>(256);
  let length: usize = 0;
  let text: string = "";

  export function get(at: usize, len: usize): string {
    if (ASC_RUNTIME == 0 || len > 256) return decode(at, len); // in the runtime stub a string ends with its event
    if (compare(at, len, changetype<usize>(bytes), length)) {
      memory.copy(changetype<usize>(bytes), at, len);
      length = len;
      text = decode(at, len);
    }
    return text;
  }
}
