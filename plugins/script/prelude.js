// The prelude runs before the script, in its QuickJS, and makes what the script finds: events, and the functions of the
// host. It is called with the host's natives, the configuration and the words of `allow`, and returns the functions that
// the host calls (handle.go). What it needs of JavaScript it takes now: the script may change all of it later.
(function (native, configuration, grants) {
'use strict';

const { freeze, keys, getOwnPropertyNames, getOwnPropertyDescriptor, getPrototypeOf, preventExtensions, defineProperty } = Object;
const { stringify, parse } = JSON;
const { isArray } = Array;
const { Promise, TypeError, Uint8Array, Date, String, Number, Error } = globalThis;
const { isInteger, isSafeInteger } = Number;
const { apply, ownKeys } = Reflect;
const bytesTag = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag).get;
const isBytes = (x) => typeof x === 'object' && x !== null && apply(bytesTag, x, []) === 'Uint8Array';
const n = native;
const [nData, nText, nBytes, nTopic, nAttributes, nTime, nID, nAnswer, nEmit, nLog, nReason] =
	[n.data, n.text, n.bytes, n.topic, n.attributes, n.time, n.id, n.answer, n.emit, n.log, n.reason];

// Numbers that handle.go has too.
const PASS = 0, DROP = 1, ANSWER = 2;
const WIRE = 0, TOUCHED = 1, DATA = 2, TEXT = 3, BYTES = 4;
const SEEN = 5; // event.bytes, which the script has seen, and may have written to
const TEXT_FLAG = 1, INBOUND_FLAG = 2, JSON_FLAG = 4;
const BINARY = 0, TEXTUAL = 1, JSONIC = 2;
const kinds = freeze(['binary', 'text', 'json']);

// The event at hand. Its state is here and not in the object: an event is over when its call is.
let current = null, flags = 0, hook = 'onEvent';
let form = WIRE;                       // where the payload is from
let kind = 0;                          // of the payload as it goes on
let data, hasData = false;             // as handed out, or set
let text, bytes;                       // likewise; undefined: not yet
let topic, attributes;                 // likewise
let topicSet = false;

function begin(f) {
	flags = f;
	kind = f & JSON_FLAG ? JSONIC : f & TEXT_FLAG ? TEXTUAL : BINARY;
	form = WIRE;
	hasData = false;
	data = text = bytes = topic = attributes = undefined;
	topicSet = false;
	return current = preventExtensions(new Event()); // event.payload = 1 is a mistake, and not a change
}

function over() {
	throw new TypeError('this event is over: an event is good until the function that it was given to returns; keep what you need of it');
}

class Event {
	get topic() {
		if (this !== current) over();
		return topic ??= nTopic();
	}
	set topic(x) {
		if (this !== current) over();
		if (typeof x !== 'string') throw new TypeError('event.topic must be a string');
		topic = x;
		topicSet = true;
	}
	get data() {
		if (this !== current) over();
		if (!hasData) readData();
		return data;
	}
	set data(x) {
		if (this !== current) over();
		setPayload(kindOfData(x, kind), formOfData(x, kind));
		data = x;
		hasData = true;
	}
	get text() {
		if (this !== current) over();
		return text ??= readText();
	}
	set text(x) {
		if (this !== current) over();
		if (typeof x !== 'string') throw new TypeError('event.text must be a string');
		setPayload(kind === BINARY ? TEXTUAL : kind, TEXT);
		text = x;
	}
	get bytes() {
		if (this !== current) over();
		return bytes ??= readBytes();
	}
	set bytes(x) {
		if (this !== current) over();
		if (!isBytes(x)) throw new TypeError('event.bytes must be a Uint8Array');
		setPayload(kind, BYTES);
		bytes = x;
	}
	get kind() {
		if (this !== current) over();
		return kinds[kind];
	}
	set kind(x) {
		if (this !== current) over();
		kind = kindNumber(x);
	}
	get attributes() {
		if (this !== current) over();
		return attributes ??= nAttributes();
	}
	set attributes(x) {
		if (this !== current) over();
		flatten(x);
		attributes = x;
	}
	get id() {
		if (this !== current) over();
		return nID();
	}
	get inbound() {
		if (this !== current) over();
		return (flags & INBOUND_FLAG) !== 0;
	}
	get time() {
		if (this !== current) over();
		return new Date(nTime());
	}
}
freeze(Event.prototype);

// setPayload forgets the payload as it was: what is set now is what counts.
function setPayload(k, f) {
	kind = k;
	form = f;
	hasData = false;
	data = text = bytes = undefined;
}

function readData() {
	switch (kind === JSONIC ? form : -1) {
	case WIRE:
	case SEEN:
		data = nData();
		form = TOUCHED;
		break;
	case TEXT:
		data = parse(text);
		form = DATA;
		break;
	case BYTES:
		throw new TypeError('event.data cannot be read after event.bytes was set: set event.text or event.data');
	default:
		data = kind === TEXTUAL ? text ??= readText() : bytes ??= readBytes();
	}
	hasData = true;
}

function readText() {
	switch (form) {
	case WIRE:
	case TOUCHED:
	case SEEN:
		return nText();
	case TEXT:
		return text ?? data;
	case DATA:
		return written(data);
	}
	throw new TypeError('event.text cannot be read after event.bytes was set');
}

function readBytes() {
	if (form === BYTES) return data;
	if (form !== WIRE && form !== TOUCHED) throw new TypeError('event.bytes cannot be read after the payload was set');
	const b = nBytes();
	if (form === WIRE) form = SEEN;
	return b;
}

// What data is when it is set: bytes, or text in place of text, or anything as JSON.
function kindOfData(x, k) {
	return isBytes(x) ? BINARY : k === TEXTUAL && typeof x === 'string' ? TEXTUAL : JSONIC;
}

function formOfData(x, k) {
	return isBytes(x) ? BYTES : k === TEXTUAL && typeof x === 'string' ? TEXT : DATA;
}

function kindNumber(x) {
	for (let i = 0; i < 3; i++) if (kinds[i] === x) return i;
	throw new TypeError(`kind ${shown(x)}: write "json", "text" or "binary"`);
}

function written(x) {
	const s = stringify(x);
	if (s === undefined) throw new TypeError(`${shown(x)} cannot be written as JSON`);
	return s;
}

function shown(x) {
	if (typeof x === 'string') return stringify(x.length > 40 ? x.slice(0, 40) + '…' : x);
	if (typeof x === 'object' && x !== null) return isArray(x) ? 'a list' : 'an object';
	return typeof x === 'function' ? 'a function' : String(x);
}

// flatten lists the names and values of attributes, as JSON.
function flatten(x) {
	if (typeof x !== 'object' || x === null || isArray(x)) throw new TypeError(`attributes must be an object of strings, not ${shown(x)}`);
	const names = keys(x);
	let list = '[';
	for (let i = 0; i < names.length; i++) {
		const v = x[names[i]];
		if (typeof v !== 'string' && typeof v !== 'number' && typeof v !== 'boolean') {
			throw new TypeError(`attributes.${names[i]} must be a string, not ${shown(v)}`);
		}
		list += (i ? ',' : '') + stringify(names[i]) + ',' + stringify(String(v));
	}
	return list + ']';
}

// send gives the host (answer or emit) an event as it is to go on.
function send(how, form, x, kind, topic, attributes) {
	const sent = how(form, x, kind, topic, attributes);
	if (form !== TOUCHED && form !== DATA) return sent;
	if (sent !== (how === nEmit ? 2 : false)) return sent;
	// No plain data: it has functions, getters or the like.
	const s = written(x);
	return form === TOUCHED && s === stringify(nData())
		? how(WIRE, undefined, kind, topic, attributes)
		: how(TEXT, s, kind, topic, attributes);
}

// Sends the event at hand as it is now.
function sendCurrent(how) {
	const x = form === TEXT ? text ?? data : form === BYTES || form === SEEN ? bytes ?? data : data;
	return send(how, form === SEEN ? BYTES : form, x, kind, topicSet ? topic : undefined, attributes === undefined ? undefined : flatten(attributes));
}

const fields = 'topic, data, text, bytes, kind, attributes';

// Sends an event that the script wrote as an object.
function sendObject(how, o) {
	let f = -1, x, k = JSONIC, t, a, given;
	const names = ownKeys(o);
	for (let i = 0; i < names.length; i++) {
		const name = names[i], v = o[name];
		switch (name) {
		case 'data':
		case 'text':
		case 'bytes':
			if (f >= 0) throw new TypeError('an event has one of data, text and bytes');
			if (name === 'text' && typeof v !== 'string') throw new TypeError('text must be a string');
			if (name === 'bytes' && !isBytes(v)) throw new TypeError('bytes must be a Uint8Array');
			x = v;
			f = name === 'text' ? TEXT : isBytes(v) ? BYTES : DATA;
			k = f === TEXT ? TEXTUAL : f === BYTES ? BINARY : JSONIC;
			break;
		case 'topic':
			if (typeof v !== 'string') throw new TypeError('topic must be a string');
			t = v;
			break;
		case 'attributes':
			if (v !== undefined) a = flatten(v);
			break;
		case 'kind':
			given = kindNumber(v);
			break;
		default:
			throw new TypeError(`an event has ${fields}; this one has ${shown(typeof name === 'symbol' ? 'a symbol' : name)}: to answer with new data, set event.data, or write {data: …}`);
		}
	}
	if (names.length === 0) throw new TypeError(`an event has ${fields}; this object has none of them (copying an event by {...event} does not work: write {data: event.data, …})`);
	if (f < 0) {
		f = WIRE;
		k = flags & JSON_FLAG ? JSONIC : flags & TEXT_FLAG ? TEXTUAL : BINARY;
	}
	return send(how, f, x, given ?? k, t, a);
}

// deliver gives the host one event.
function deliver(how, x) {
	if (x === current && x !== null) return sendCurrent(how);
	if (typeof x !== 'object' || x === null || isArray(x)) throw new TypeError(`${shown(x)} is no event: an event is an object with ${fields}`);
	if (x instanceof Event) over();
	return sendObject(how, x);
}

// A verdict is what drop and reject return. No script can make another: what is in it goes to the host as it is.
class Verdict {
	#genuine;
	constructor(code, reason) {
		this.code = code;
		this.reason = String(reason);
		freeze(this);
	}
	static is(x) { return typeof x === 'object' && #genuine in x; }
}
const isVerdict = Verdict.is;
delete Verdict.prototype.constructor;
freeze(Verdict.prototype);

function verdict(code) {
	return (reason = '') => new Verdict(code, reason);
}

// answer makes of what a handler returned what the host is told.
function answer(x) {
	if (x === current) {
		if (form === WIRE && !topicSet && attributes === undefined && kind === (flags & JSON_FLAG ? JSONIC : flags & TEXT_FLAG ? TEXTUAL : BINARY)) return PASS;
		sendCurrent(nAnswer);
		return ANSWER;
	}
	if (x === null || x === false) return DROP;
	if (x === true) return PASS;
	if (x instanceof Promise) return x;
	if (isVerdict(x)) {
		if (x.code > 1 && hook !== 'onConnect' && hook !== 'onSubscribe') throw new TypeError('refuse is for onConnect and onSubscribe: write drop or reject');
		nReason(x.code, x.reason);
		return DROP;
	}
	if (isArray(x)) {
		if (x.length === 0) return DROP;
		if (hook !== 'onEvent') throw new TypeError(`${hook} returned a list: only onEvent may answer with several events`);
		for (let i = 1; i < x.length; i++) {
			if (!emit(x[i])) throw new TypeError(`a list of ${x.length} events is more than one call may emit (limits.emits, and max_event for all of them together), so none goes on`);
		}
		return answerOne(x[0]);
	}
	if (x === undefined) {
		if (hook === 'onDisconnect') return PASS;
		throw new TypeError(`${hook === 'onEvent' ? 'the filter' : hook} returned undefined: return the event to pass it on, null to drop it`);
	}
	return answerOne(x);
}

function answerOne(x) {
	if (x === current) return answer(x);
	deliver(nAnswer, x);
	return ANSWER;
}

function emit(x) {
	if (current === null || hook === 'onConnect') throw new TypeError(`emit is for events, not for ${current === null ? 'the start' : 'onConnect'}`);
	return deliver(nEmit, x) === 1;
}

// Functions of the host.

function line(values) {
	let s = '';
	for (let i = 0; i < values.length; i++) {
		const v = values[i];
		if (i) s += ' ';
		if (typeof v === 'string') s += v;
		else if (v instanceof Error) s += String(v);
		else if (typeof v === 'object' && v !== null) s += stringify(v) ?? 'undefined';
		else s += String(v);
	}
	return s;
}

const logger = (level) => (...values) => { nLog(level, line(values)); };
const log = logger(1);
log.debug = logger(0);
log.info = log;
log.warn = logger(2);
log.error = logger(3);
freeze(log);

function whole(x, what) {
	if (typeof x === 'bigint') x = Number(x);
	if (!isSafeInteger(x)) throw new TypeError(`${what} must be a whole number within ±(2**53 - 1), not ${shown(x)}`);
	return x;
}

function name(x, what) {
	if (typeof x !== 'string') throw new TypeError(`${what} must be a string, not ${shown(x)}`);
	return x;
}

function ttl(x) {
	if (whole(x, 'the time to live') < 0) throw new TypeError('the time to live must not be below 0');
	return x;
}

const { kvGet, kvBytes, kvSet, kvAdd, now: nNow, random: nRandom, metric: nMetric } = native;
const kv = {
	get: (key) => kvGet(name(key, 'the key')),
	bytes: (key) => kvBytes(name(key, 'the key')),
	set: (key, value, ms = 0) => kvSet(name(key, 'the key'), isBytes(value) ? value : name(value, 'the value'), ttl(ms)),
	add: (key, delta = 1, ms = 0) => kvAdd(name(key, 'the key'), whole(delta, 'what is added'), ttl(ms)),
	delete: (key) => { kvSet(name(key, 'the key'), '', -1); },
};

const granted = {
	kv: freeze(kv),
	now: () => nNow(),
	random: (length) => nRandom(whole(length, 'the length')),
	metric: (label, delta = 1) => { nMetric(name(label, 'the name'), whole(delta, 'what is added')); },
};

function refused(word) {
	return () => { throw new TypeError(`${word} is not granted: add ${word} to the filter's allow in relay.yaml`); };
}

function publish(label, x) {
	defineProperty(globalThis, label, { value: x, writable: false, enumerable: false, configurable: false });
}

function deepFreeze(x) {
	if (typeof x === 'object' && x !== null) {
		const names = keys(x);
		for (let i = 0; i < names.length; i++) deepFreeze(x[names[i]]);
		freeze(x);
	}
	return x;
}

publish('config', deepFreeze(configuration));
publish('log', log);
publish('console', freeze({ log, info: log, debug: log.debug, warn: log.warn, error: log.error }));
publish('emit', emit);
publish('drop', verdict(0));
publish('reject', verdict(1));
publish('refuse', (status, reason = '') => {
	if (!isInteger(status) || status < 400 || status > 599) throw new TypeError(`refuse: ${shown(status)} is no status: write 400 to 599, such as 401 or 403`);
	return new Verdict(status, reason);
});
for (const word of ['kv', 'now', 'random', 'metric']) {
	let x = granted[word];
	if (!grants.includes(word)) {
		x = refused(word);
		if (word === 'kv') x = freeze({ get: x, bytes: x, set: x, add: x, delete: x });
	}
	publish(word, x);
}
if (grants.includes('random')) {
	Math.random = () => {
		const b = nRandom(7);
		let x = 0;
		for (let i = 0; i < 6; i++) x = x * 256 + b[i];
		return (x * 32 + (b[6] & 31)) / 9007199254740992;
	};
}
for (const label of ['eval', 'SharedArrayBuffer', 'Atomics', 'gc', 'navigator', 'performance', 'print', 'scriptArgs']) delete globalThis[label];

// What is built in cannot be changed any more once the script has started: the classic prototype pollution, by a key
// __proto__ or constructor in an event, is an error where it happens, instead of a trace in later events. What the script
// has made itself, and put into globalThis, stays its own.
const builtin = [Object.getPrototypeOf(Uint8Array), Object.getPrototypeOf(Uint8Array.prototype)];
for (const label of getOwnPropertyNames(globalThis)) {
	const x = globalThis[label];
	if (x === globalThis || typeof x !== 'function' && (typeof x !== 'object' || x === null)) continue;
	builtin.push(x);
	if (typeof x === 'function' && typeof x.prototype === 'object' && x.prototype !== null) builtin.push(x.prototype);
}
const objectPrototype = Object.prototype, errorPrototype = Error.prototype;

function lock() {
	for (let i = 0; i < builtin.length; i++) {
		const x = builtin[i];
		if (x === objectPrototype || x === errorPrototype || getPrototypeOf(x) === errorPrototype) openShadows(x);
		freeze(x);
	}
}

// openShadows keeps properties of a prototype from standing in the way of the same in what inherits from it, as read-only
// ones do: data may have a member "constructor", and errors are given names.
function openShadows(prototype) {
	const names = getOwnPropertyNames(prototype);
	for (let i = 0; i < names.length; i++) {
		const label = names[i], was = getOwnPropertyDescriptor(prototype, label);
		if (!was.configurable || !('value' in was)) continue;
		defineProperty(prototype, label, {
			get() { return was.value; },
			set(x) {
				if (this === prototype) throw new TypeError(`${label} is built in, and cannot be replaced once the script has started`);
				defineProperty(this, label, { value: x, writable: true, enumerable: true, configurable: true });
			},
			enumerable: false,
			configurable: false,
		});
	}
}

// Whether the prototypes of plain data are as they were when the script has started: then the host may read and write it.
let plainPrototypes = false;
const objectKeys = ownKeys(objectPrototype).length;

// What the script exports.
let handler, init, connect, subscribe, disconnect;

function adopt(exported) {
	const pick = (label) => {
		const f = exported[label];
		if (f !== undefined && typeof f !== 'function') throw new TypeError(`the script's ${label === 'default' ? 'default export' : 'export ' + label} must be a function, not ${shown(f)}`);
		return f;
	};
	for (const label of keys(exported)) {
		if (!['default', 'onInit', 'onEvent', 'onConnect', 'onSubscribe', 'onDisconnect'].includes(label) && /^on[A-Z]/.test(label)) {
			throw new TypeError(`the script exports ${label}: there are onInit, onEvent (or default), onConnect, onSubscribe and onDisconnect`);
		}
	}
	handler = pick('default') ?? pick('onEvent');
	[init, connect, subscribe, disconnect] = [pick('onInit'), pick('onConnect'), pick('onSubscribe'), pick('onDisconnect')];
	plainPrototypes = ownKeys(objectPrototype).length === objectKeys && !('toJSON' in Array.prototype);
	const hooks = (handler ? 1 : 0) | (connect ? 2 : 0) | (subscribe ? 4 : 0) | (disconnect ? 8 : 0);
	if (!hooks) throw new TypeError('the script exports no function: write export default function (event) { … }');
	lock();
	return hooks;
}

const handle = (label, f) => (flags) => {
	hook = label;
	return answer(f()(begin(flags)));
};

return [
	adopt,
	() => init?.(globalThis.config),
	handle('onEvent', () => handler),
	handle('onConnect', () => connect),
	handle('onSubscribe', () => subscribe),
	handle('onDisconnect', () => disconnect),
	(settled) => {
		if (settled instanceof Promise) throw new TypeError('a promise of a promise');
		return answer(settled);
	},
	() => plainPrototypes,
];
})
