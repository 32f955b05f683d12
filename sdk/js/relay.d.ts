// What a filter in JavaScript finds in relay, for editors: put /// <reference path="./relay.d.ts" /> into the script.

/** An event, good until the function that it was given to returns. Change it and return it, or return something else. */
interface RelayEvent {
	/** Tokens joined by dots, orders.eu.new. */
	topic: string;
	/** The payload: of JSON what it says, parsed when it is first read; of text a string; of bytes a Uint8Array. */
	data: any;
	/** The payload as it is written. */
	text: string;
	bytes: Uint8Array;
	kind: "json" | "text" | "binary";
	/** Strings that go with the event from filter to filter; subscribers don't get them. Numbers may be set. */
	attributes: Record<string, any>;
	/** The event_id. */
	readonly id: string;
	/** Came from a client's socket; otherwise it was published by HTTP. */
	readonly inbound: boolean;
	/** When relay took it. */
	readonly time: Date;
}

/** An event that a script writes itself: what it leaves out is as in the event at hand. */
interface RelayNewEvent {
	topic?: string;
	/** One of data, text and bytes. */
	data?: any;
	text?: string;
	bytes?: Uint8Array;
	kind?: "json" | "text" | "binary";
	attributes?: Record<string, string | number | boolean>;
}

interface RelayVerdict { readonly code: number; readonly reason: string }

/**
 * What a filter returns: the event, changed or not, or true: it goes on; null, false or drop(…): it ends here; reject(…): and its
 * publisher is at fault; an object {topic, data, …}: that in its place; a list: the first in its place, the others are emitted.
 */
type RelayAnswer = RelayEvent | RelayNewEvent | RelayVerdict | boolean | null | (RelayEvent | RelayNewEvent)[];

/**
 * A script exports one or more of:
 *   export default function (event) { … }   every event; also called onEvent
 *   export function onInit(config) { … }    once, before all others
 *   export function onConnect(event) { … }, onSubscribe(event), onDisconnect(event)
 */
type RelayHandler = (event: RelayEvent) => RelayAnswer | Promise<RelayAnswer>;

/** What stands under config: in relay.yaml. It can't be changed. */
declare const config: Readonly<Record<string, any>>;

/** Ends the event, which is fine: its publisher learns the reason, with status 200. */
declare function drop(reason?: string): RelayVerdict;
/** Ends the event and tells its publisher that it is at fault: status 422 and the reason. */
declare function reject(reason?: string): RelayVerdict;
/** For onConnect and onSubscribe: refuses with an HTTP status from 400 to 599. */
declare function refuse(status: number, reason?: string): RelayVerdict;
/** Makes a further event, which goes on with the filters after this one. False if there were too many in one call. */
declare function emit(event: RelayEvent | RelayNewEvent): boolean;

interface RelayLog {
	(...values: any[]): void;
	debug(...values: any[]): void;
	info(...values: any[]): void;
	warn(...values: any[]): void;
	error(...values: any[]): void;
}
/** Writes to relay's log. */
declare const log: RelayLog;

/** The filter's key-value store, which its lanes share. It takes allow: [kv]. Times to live are in milliseconds, 0 is for ever. */
declare const kv: {
	get(key: string): string | null;
	bytes(key: string): Uint8Array | null;
	/** False if there is no room. */
	set(key: string, value: string | Uint8Array, ttl?: number): boolean;
	/** Adds to a number and returns the sum, or null if there is no room. An absent key is 0, and lives for ttl. */
	add(key: string, delta?: number, ttl?: number): number | null;
	delete(key: string): void;
};
/** The time in milliseconds since 1970. It takes allow: [now]. */
declare function now(): number;
/** Random bytes. It takes allow: [random], as Math.random does to be so. */
declare function random(length: number): Uint8Array;
/** Adds to a counter that /metrics shows. It takes allow: [metric]. */
declare function metric(name: string, delta?: number): void;
