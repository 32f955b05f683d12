// split is a filter that makes one event of each element of a JSON array, on the topic "items" or
//
//	config: {topic: some.topic}
//
// and drops the array. Other events pass. An array of more elements than may be emitted is a failure, so that none of
// its elements is.
#include "../c/json.h"

static _Alignas(8) u8 buffer[(1 << 20) + (1 << 16)];
static _Alignas(8) u8 out[sizeof buffer + 256]; // a record: header, topic, element
static u8 *element;                             // where the element goes in out

u32 EXPORT(relay_abi_v1)(void) { return HOOK_EVENT; }

u8 *EXPORT(relay_buffer)(u32 min) { return min <= sizeof buffer ? buffer : 0; }

// begin puts header and topic in front of the elements.
static u32 begin(span topic) {
	record *r = (record *)out;
	r->flags = FLAG_TEXT | FLAG_JSON;
	r->topic_len = topic.len;
	element = put(out + sizeof(record), topic);
	return 0;
}

u32 EXPORT(relay_init)(u32 len) {
	static const span TOPIC = {(const u8 *)"\"topic\"", 7};
	text((span){buffer, len});
	if (accept('{')) {
		if (accept('}')) return begin(TEXT("items"));
		if (member() && same(&name, &TOPIC) && *val.at == '"' && val.len <= 258 && accept('}'))
			return begin((span){val.at + 1, val.len - 2}); // without quotes; escapes are not understood
	}
	REASON(REASON_DROP, "config: want {topic: TOPIC}, and no more");
	return 1;
}

i64 EXPORT(relay_on_event)(u32 len) {
	const record *in = (const record *)buffer;
	text(payload_of(in));
	if (!(in->flags & FLAG_JSON) || !accept('[')) return PASS;
	while (value()) {
		((record *)out)->payload_len = val.len;
		if (relay_emit(out, (u32)(put(element, val) - out)) != 0) {
			REASON(REASON_DROP, "too many elements");
			return FAIL;
		}
		if (!accept(',')) break;
	}
	REASON(REASON_DROP, "split");
	return DROP;
}
