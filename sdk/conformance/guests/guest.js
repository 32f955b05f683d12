// The conformance guest in JavaScript: it does what sdk/conformance/README.md says.

const settings = { word: 'none', limit: 7, on: false, names: [], start: 0 };

const wants = {
	word: ['text', (x) => typeof x === 'string'],
	limit: ['a whole number', Number.isInteger],
	on: ['true or false', (x) => typeof x === 'boolean'],
	names: ['a list of texts', (x) => Array.isArray(x) && x.every((name) => typeof name === 'string')],
	start: ['a whole number', Number.isInteger],
};

export function onInit(config) {
	for (const name in config) {
		if (!(name in wants)) throw Error(`config: ${JSON.stringify(name)} is unknown; there are: ${Object.keys(wants).join(', ')}`);
		const [want, good] = wants[name];
		const value = name === 'names' && typeof config.names === 'string' ? [config.names] : config[name];
		if (!good(value)) throw Error(`config: ${name}: want ${want}`);
		settings[name] = value;
	}
	if (settings.word === 'wrong') throw Error('config: word: is wrong');
}

// text answers an event with another payload, of kind text.
const text = (event, payload) => {
	event.kind = 'text';
	event.text = String(payload);
	return event;
};

const describe = (event) => [
	`topic ${event.topic}`,
	`kind ${event.kind}`,
	`inbound ${event.inbound}`,
	`time ${event.time.getTime()}000000`,
	`attributes ${Object.keys(event.attributes).length}`,
	...Object.entries(event.attributes).map(([name, value]) => `${name}=${value}`),
	`payload ${event.bytes.length}`,
].join('\n');

const configuration = () => [
	`word ${settings.word}`,
	`limit ${settings.limit}`,
	`on ${settings.on}`,
	`start ${settings.start}`,
	`names ${settings.names.length}`,
	...settings.names,
].join('\n');

const lines = (s) => s ? s.split('\n') : [];

function change(event) {
	const told = { ...event.attributes };
	if ('topic' in told) event.topic = told.topic;
	if ('payload' in told) event.text = told.payload;
	if ('kind' in told) event.kind = told.kind;
	for (const line of lines(told.set)) {
		const at = line.indexOf('=');
		event.attributes[line.slice(0, at)] = line.slice(at + 1);
	}
	for (const name of lines(told.remove)) delete event.attributes[name];
	return event;
}

const verbs = {
	pass: (event) => event,
	drop: (event, w) => drop(w),
	reject: (event, w) => reject(w),
	fail: (event, w) => { throw Error(w); },
	panic: (event, w) => { throw Error(w); },
	loop: () => { for (;;); },
	echo: (event) => { event.bytes = event.bytes.slice(); return event; },
	reverse: (event) => { event.bytes = event.bytes.slice().reverse(); return event; },
	replace: (event, w) => { event.text = w; return event; },
	change,
	bare: (event, w) => ({ topic: w, text: 'bare', attributes: {} }),
	emit(event, w) {
		for (let i = 0; i < Number(event.attributes.count ?? 0); i++) {
			if (!emit({ topic: w, text: String(i), attributes: {} })) return drop(`refused ${i}`);
		}
		return event;
	},
	'emit-event'(event, w) {
		event.topic = w;
		event.attributes.emitted = 'yes';
		emit(event);
		return drop();
	},
	config: (event) => text(event, configuration()),
	state: (event) => text(event, settings.start++),
	log(event, w) {
		log[event.attributes.level](w);
		return event;
	},
	'kv-set'(event, w, { key, ttl = 0 }) { return kv.set(key, event.bytes, Number(ttl)) ? event : drop('no room'); },
	'kv-get'(event, w, { key }) {
		const value = kv.bytes(key);
		if (value === null) return drop('absent');
		event.bytes = value;
		return event;
	},
	'kv-add'(event, w, { key, delta, ttl = 0 }) {
		const sum = kv.add(key, Number(delta), Number(ttl));
		return sum === null ? drop('no room') : text(event, sum);
	},
	'kv-delete'(event, w, { key }) { kv.delete(key); return event; },
	now: (event) => text(event, `${Math.floor(now())}000000`),
	random(event, w, { count }) { event.bytes = random(Number(count)); return event; },
	metric(event, w, { delta }) { metric(w, Number(delta)); return event; },
};

export default function (event) {
	const { do: verb, with: words = '' } = event.attributes;
	if (verb === undefined) return text(event, describe(event));
	if (!Object.hasOwn(verbs, verb)) throw Error(`unknown verb: ${verb}`);
	return verbs[verb](event, words, event.attributes);
}

export function onConnect(event) {
	const { query, 'header.x-seen': seen = '' } = event.attributes;
	switch (query) {
	case 'user':
		Object.assign(event.attributes, { user: 'ada', seen });
		event.topic = 'tenants.ada';
		return event;
	case 'refuse': return refuse(401, 'who are you?');
	case 'reject': return reject('no entry');
	case 'drop': return drop('not now');
	case 'fail': throw Error('no idea');
	case 'panic': throw Error('at connect');
	}
	return event;
}

export function onSubscribe(event) {
	if (event.topic === 'secret.>') return refuse(404, 'secret');
	if (event.topic === 'mine.>') event.topic = `tenants.${event.attributes.user}.>`;
	return event;
}

export function onDisconnect(event) {
	log(`bye ${event.attributes.user}`);
}
