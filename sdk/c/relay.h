// relay.h: filters for relay in C or C++, in one header without a C library.
//
//	#include "relay.h"
//
//	RELAY_ON_EVENT(e) {
//		if (e->payload.len == 0) return relay_drop(relay_str("empty"));
//		return relay_pass();
//	}
//
//	clang --target=wasm32 -mbulk-memory -O2 -nostdlib -Wl,--no-entry,--strip-all -o filter.wasm filter.c
//
// clang 14 or later with lld, as C11 or C++17. Include it in one source file: it defines the functions that relay calls.
// Only the host functions that a filter uses are imported, so it needs in `allow:` no more than that.
//
// MEMORY. The header keeps the event and what a handler allocates behind the module's own memory, which it grows as it
// needs, up to the operator's limits.memory. What a handler allocates (relay_alloc, relay_builder, attributes, values of
// the key-value store) is valid until the handler returns, and so are the event's views. What RELAY_ON_INIT allocates,
// and the texts of the configuration, stay. There is no free. A filter that has no memory left panics, which fails the
// event, not the relay. Globals are the filter's own: one instance handles one event at a time, and after a panic it
// begins anew with the globals as RELAY_ON_INIT left them.
//
// Contents: texts · memory · events · verdicts · handlers · attributes · emit · log and panic · texts under construction
// · JSON · configuration · key-value store, clock, randomness, metrics. The contract below it is sdk/abi/README.md.
#ifndef RELAY_H
#define RELAY_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#define RELAY_NULL nullptr
#define RELAY_EMPTY {}
#else
#define RELAY_NULL NULL
#define RELAY_EMPTY {0} // relay_builder b = RELAY_EMPTY;
#endif

#define RELAY_FUNCTION static inline __attribute__((unused))
#define RELAY_LARGE static __attribute__((unused, noinline)) // called from several places, or on no hot path
#define RELAY_EXPORT(name) __attribute__((export_name(#name))) name
#define RELAY_IMPORT(name) __attribute__((import_module("relay"), import_name(name)))

// ---------------------------------------------------------------------------------------------------------------- texts

// relay_bytes is a range of memory: a text in UTF-8, or any bytes. It is not terminated by a zero.
typedef struct {
	const uint8_t *at;
	uint32_t len;
} relay_bytes;

RELAY_FUNCTION relay_bytes relay_range(const void *at, uint32_t len) {
	relay_bytes b;
	b.at = (const uint8_t *)at;
	b.len = len;
	return b;
}

// relay_str makes a relay_bytes of a C string: relay_str("events").
RELAY_FUNCTION relay_bytes relay_str(const char *s) { return relay_range(s, (uint32_t)__builtin_strlen(s)); }

RELAY_LARGE bool relay_same(const uint8_t *a, const uint8_t *b, uint32_t len) {
	for (uint64_t x, y; len >= 8; a += 8, b += 8, len -= 8) {
		__builtin_memcpy(&x, a, 8);
		__builtin_memcpy(&y, b, 8);
		if (x != y) return false;
	}
	while (len > 0)
		if (len--, a[len] != b[len]) return false;
	return true;
}

RELAY_FUNCTION bool relay_equal(relay_bytes a, relay_bytes b) { return a.len == b.len && relay_same(a.at, b.at, a.len); }

// relay_is reports whether a is the C string s.
RELAY_FUNCTION bool relay_is(relay_bytes a, const char *s) { return relay_equal(a, relay_str(s)); }

// relay_compare orders by unsigned bytes, a prefix first: < 0, 0 or > 0.
RELAY_LARGE int relay_compare(relay_bytes a, relay_bytes b) {
	for (uint32_t i = 0; i < a.len && i < b.len; i++)
		if (a.at[i] != b.at[i]) return a.at[i] < b.at[i] ? -1 : 1;
	return a.len < b.len ? -1 : a.len > b.len;
}

// relay_cut splits text at the first sep: *before is what comes before it, or all; the result is what comes after, with
// a null address if there is no sep.
RELAY_LARGE relay_bytes relay_cut(relay_bytes text, char sep, relay_bytes *before) {
	for (uint32_t i = 0; i < text.len; i++)
		if (text.at[i] == (uint8_t)sep) {
			*before = relay_range(text.at, i);
			return relay_range(text.at + i + 1, text.len - i - 1);
		}
	*before = text;
	return relay_range(RELAY_NULL, 0);
}

// relay_parse_int reads a whole number in decimal, and returns false if text is none, or beyond 64 bits.
RELAY_LARGE bool relay_parse_int(relay_bytes text, int64_t *n) {
	const bool negative = text.len > 0 && text.at[0] == '-';
	uint64_t sum = 0;
	if (text.len == (uint32_t)negative) return false;
	for (uint32_t i = negative; i < text.len; i++) {
		const uint8_t digit = (uint8_t)(text.at[i] - '0');
		if (digit > 9 || sum > (UINT64_MAX - digit) / 10) return false;
		sum = sum * 10 + digit;
	}
	if (sum > (uint64_t)INT64_MAX + negative) return false;
	*n = (int64_t)(negative ? 0 - sum : sum);
	return true;
}

// --------------------------------------------------------------------------------------------------- log, panic, memory

enum { RELAY_DEBUG, RELAY_INFO, RELAY_WARN, RELAY_ERROR };

RELAY_IMPORT("log") void relay_host_log(uint32_t level, const void *text, uint32_t len);

// relay_log writes a line to relay's log, which cuts it after 1,024 bytes.
RELAY_FUNCTION void relay_log(uint32_t level, relay_bytes line) { relay_host_log(level, line.at, line.len); }

// relay_panic logs a message and gives up: the event fails, and the filter begins anew.
RELAY_FUNCTION __attribute__((noreturn, cold)) void relay_panic(relay_bytes message) {
	relay_log(RELAY_ERROR, message);
	__builtin_trap();
}

// Everything from here to the end of memory is the header's: first what stays, then the buffer that relay writes events
// into, then what the handler at hand allocates.
extern uint8_t __heap_base;
static struct {
	uintptr_t front;  // the end of what stays: where the buffer is, or goes when it is next asked for
	uintptr_t buffer; // where it is
	uintptr_t ground; // its end, where allocations begin
	uintptr_t top;    // where the next allocation is put
} relay_memory;

// relay_reach makes memory reach up to end, and returns false if it may not.
RELAY_FUNCTION bool relay_reach(uint64_t end) {
	const uint64_t page = 65536, have = (uint64_t)__builtin_wasm_memory_size(0) * page;
	if (end <= have) return true;
	if (end > (uint64_t)INT32_MAX) return false; // all pointers that relay takes are below 2 GiB
	return __builtin_wasm_memory_grow(0, (size_t)((end - have + page - 1) / page)) != (size_t)-1;
}

// relay_alloc returns n bytes, aligned to 8, of any content, that are valid until the handler returns, or for good if
// that is RELAY_ON_INIT. It panics if there is no memory.
RELAY_LARGE void *relay_alloc(uint32_t n) {
	const uintptr_t at = (relay_memory.top + 7) & ~(uintptr_t)7;
	if (!relay_reach((uint64_t)at + n)) relay_panic(relay_str("relay.h: out of memory"));
	relay_memory.top = at + n;
	return (void *)at;
}

// relay_copy returns a copy, which is as valid as other allocations.
RELAY_FUNCTION relay_bytes relay_copy(relay_bytes b) {
	void *to = relay_alloc(b.len);
	__builtin_memcpy(to, b.at, b.len);
	return relay_range(to, b.len);
}

// --------------------------------------------------------------------------------------------------------------- events

typedef enum {
	RELAY_BINARY, // any bytes
	RELAY_TEXT,   // UTF-8
	RELAY_JSON    // one JSON value, checked by relay: no name twice, no half of a surrogate pair, nested to 512 at most
} relay_kind;

// relay_event is one event on its way through the filters, or one connection or subscription. Its ranges are views of
// memory that the next event overwrites. A handler may change it, and answer it by relay_replace_event.
typedef struct {
	relay_bytes topic, payload;
	relay_bytes attributes; // encoded: see relay_attribute
	int64_t time;           // when relay took it, in nanoseconds since 1970
	relay_kind kind;
	bool inbound; // from a client's socket; otherwise published by HTTP
} relay_event;

// relay_header is what a record begins with; topic, attributes and payload follow.
typedef struct {
	uint32_t flags, topic, attributes, payload;
	uint64_t reserved;
	int64_t time;
} relay_header;

enum { RELAY_FLAG_TEXT = 1, RELAY_FLAG_INBOUND = 2, RELAY_FLAG_JSON = 4 };

RELAY_FUNCTION relay_event relay_load(const void *record) {
	relay_header h;
	relay_event e;
	const uint8_t *at = (const uint8_t *)record + sizeof h;
	__builtin_memcpy(&h, record, sizeof h);
	e.topic = relay_range(at, h.topic);
	e.attributes = relay_range(at + h.topic, h.attributes);
	e.payload = relay_range(at + h.topic + h.attributes, h.payload);
	e.time = h.time;
	e.kind = h.flags & RELAY_FLAG_JSON ? RELAY_JSON : h.flags & RELAY_FLAG_TEXT ? RELAY_TEXT : RELAY_BINARY;
	e.inbound = (h.flags & RELAY_FLAG_INBOUND) != 0;
	return e;
}

// relay_record makes a record of e, as relay takes it in answers and emitted events.
RELAY_LARGE relay_bytes relay_record(const relay_event *e) {
	relay_header h = {0, e->topic.len, e->attributes.len, e->payload.len, 0, 0};
	const uint32_t len = (uint32_t)sizeof h + h.topic + h.attributes + h.payload;
	uint8_t *at = (uint8_t *)relay_alloc(len);
	if (e->kind != RELAY_BINARY) h.flags = RELAY_FLAG_TEXT;
	if (e->kind == RELAY_JSON) h.flags |= RELAY_FLAG_JSON;
	__builtin_memcpy(at, &h, sizeof h);
	__builtin_memcpy(at + sizeof h, e->topic.at, h.topic);
	__builtin_memcpy(at + sizeof h + h.topic, e->attributes.at, h.attributes);
	__builtin_memcpy(at + sizeof h + h.topic + h.attributes, e->payload.at, h.payload);
	return relay_range(at, len);
}

// ------------------------------------------------------------------------------------------------------------- verdicts

// relay_verdict is what a handler returns.
typedef int64_t relay_verdict;

RELAY_IMPORT("reason") void relay_host_reason(uint32_t code, const void *text, uint32_t len);

// relay_pass lets the event go on unchanged, or accepts the connection or subscription.
RELAY_FUNCTION relay_verdict relay_pass(void) { return 0; }

// relay_drop ends the event here, which is fine: its publisher learns the reason, with status 200.
RELAY_FUNCTION relay_verdict relay_drop(relay_bytes reason) {
	relay_host_reason(0, reason.at, reason.len);
	return 1;
}

// relay_reject ends the event here and tells its publisher that it is at fault, with status 422 and the reason.
RELAY_FUNCTION relay_verdict relay_reject(relay_bytes reason) {
	relay_host_reason(1, reason.at, reason.len);
	return 1;
}

// relay_refuse refuses a connection or a subscription with an HTTP status from 400 to 599, such as 401, and tells the
// client the reason; relay_drop and relay_reject refuse with 403. For an event, which has no status, it is a trap.
RELAY_FUNCTION relay_verdict relay_refuse(uint32_t status, relay_bytes reason) {
	relay_host_reason(status < 400 ? 600 : status, reason.at, reason.len); // 600 is a trap, too
	return 1;
}

// relay_fail says that the filter could not decide: the operator's on_error does. The filter keeps its state.
RELAY_FUNCTION relay_verdict relay_fail(relay_bytes reason) {
	relay_host_reason(0, reason.at, reason.len);
	return -1;
}

RELAY_FUNCTION relay_verdict relay_answer(relay_bytes b, uint32_t flag) {
	const uintptr_t at = b.len > 0 ? (uintptr_t)b.at : relay_memory.buffer; // nowhere is no answer
	return (relay_verdict)((uint64_t)at << 32 | b.len | flag);
}

// relay_replace lets the event go on with another payload of the same kind. It may be any memory, also a part of the
// event's own payload; relay copies it.
RELAY_FUNCTION relay_verdict relay_replace(relay_bytes payload) { return relay_answer(payload, 0); }

// relay_replace_event lets e go on in place of the event: with its topic, kind, payload and attributes. For connections
// and subscriptions it accepts: see the handlers.
RELAY_FUNCTION relay_verdict relay_replace_event(const relay_event *e) { return relay_answer(relay_record(e), 1u << 31); }

// ------------------------------------------------------------------------------------------------------------- handlers

// What a filter has is known by which of these are defined.
extern const uint8_t relay_has_event __attribute__((weak)), relay_has_connect __attribute__((weak));
extern const uint8_t relay_has_subscribe __attribute__((weak)), relay_has_disconnect __attribute__((weak));

uint32_t RELAY_EXPORT(relay_abi_v1)(void) {
	return (&relay_has_event ? 1 : 0) | (&relay_has_connect ? 2 : 0) | (&relay_has_subscribe ? 4 : 0) | (&relay_has_disconnect ? 8 : 0);
}

uint32_t RELAY_EXPORT(relay_buffer)(uint32_t min) {
	if (relay_memory.front == 0) relay_memory.front = ((uintptr_t)&__heap_base + 7) & ~(uintptr_t)7;
	if (!relay_reach((uint64_t)relay_memory.front + min)) return 0;
	relay_memory.buffer = relay_memory.front;
	relay_memory.ground = relay_memory.top = relay_memory.buffer + min;
	return (uint32_t)relay_memory.buffer;
}

#define RELAY_HANDLER(hook, event)                                                                   \
	static relay_verdict relay_handle_##hook(relay_event *);                                           \
	extern const uint8_t relay_has_##hook;                                                             \
	const uint8_t relay_has_##hook = 1;                                                                \
	int64_t RELAY_EXPORT(relay_on_##hook)(uint32_t len) {                                              \
		(void)len;                                                                                       \
		relay_event at_hand = relay_load((const void *)relay_memory.buffer);                             \
		relay_memory.top = relay_memory.ground;                                                          \
		return relay_handle_##hook(&at_hand);                                                            \
	}                                                                                                  \
	static relay_verdict relay_handle_##hook(relay_event *event __attribute__((unused)))

// RELAY_ON_EVENT(e) { … } decides about events. e is a relay_event *, and the result a relay_verdict.
#define RELAY_ON_EVENT(e) RELAY_HANDLER(event, e)

// RELAY_ON_CONNECT(e) { … } decides who may connect. The event has no payload; its attributes are "path", "query",
// "remote" and "header.NAME" (name in lower case), "connection", and what filters before this one have set; its topic is
// the pattern asked for, if it is one. relay_pass accepts; relay_refuse, relay_drop and relay_reject refuse.
// relay_replace_event accepts, and sets the attributes that the connection's events will carry, and what it subscribes to
// if the topic is not empty. The request's own attributes are not kept, so a filter may add to those of the event.
#define RELAY_ON_CONNECT(e) RELAY_HANDLER(connect, e)

// RELAY_ON_SUBSCRIBE(e) { … } decides who may subscribe to what. The event's topic is the pattern, its attributes are
// the connection's. relay_pass accepts; relay_refuse, relay_drop and relay_reject refuse; relay_replace_event sets the
// pattern.
#define RELAY_ON_SUBSCRIBE(e) RELAY_HANDLER(subscribe, e)

// RELAY_ON_DISCONNECT(e) { … } learns of the end of connections that the filter accepted; the attributes are the
// connection's. No result.
#define RELAY_ON_DISCONNECT(e)                                                                       \
	static void relay_handle_disconnect(relay_event *);                                                \
	extern const uint8_t relay_has_disconnect;                                                         \
	const uint8_t relay_has_disconnect = 1;                                                            \
	void RELAY_EXPORT(relay_on_disconnect)(uint32_t len) {                                             \
		(void)len;                                                                                       \
		relay_event at_hand = relay_load((const void *)relay_memory.buffer);                             \
		relay_memory.top = relay_memory.ground;                                                          \
		relay_handle_disconnect(&at_hand);                                                               \
	}                                                                                                  \
	static void relay_handle_disconnect(relay_event *e __attribute__((unused)))

// RELAY_ON_INIT(c) { … } reads the configuration: c is a relay_config *, see below. No result: the first complaint about
// the configuration (relay_config_fail, which the getters call) keeps the filter from being loaded.
#define RELAY_ON_INIT(c)                                                                             \
	static void relay_handle_init(relay_config *);                                                     \
	uint32_t RELAY_EXPORT(relay_init)(uint32_t len) {                                                  \
		relay_config config = {relay_range((const void *)relay_memory.buffer, len), false};              \
		relay_handle_init(&config);                                                                      \
		relay_memory.front = (relay_memory.top + 7) & ~(uintptr_t)7; /* all of it stays */               \
		return config.failed;                                                                            \
	}                                                                                                  \
	static void relay_handle_init(relay_config *c __attribute__((unused)))

// ----------------------------------------------------------------------------------------------------------- attributes

// relay_next_attribute takes the first attribute off *rest, which is e->attributes at first, and returns false if there
// is none. They come sorted by name.
RELAY_FUNCTION bool relay_next_attribute(relay_bytes *rest, relay_bytes *name, relay_bytes *value) {
	uint16_t k;
	uint32_t v;
	if (rest->len < 6) return false;
	__builtin_memcpy(&k, rest->at, 2);
	__builtin_memcpy(&v, rest->at + 2, 4);
	*name = relay_range(rest->at + 6, k);
	*value = relay_range(rest->at + 6 + k, v);
	*rest = relay_range(rest->at + 6 + k + v, rest->len - 6 - k - v);
	return true;
}

// relay_attribute returns the value of an attribute, a view. Its address is null if there is none.
RELAY_LARGE relay_bytes relay_attribute(const relay_event *e, relay_bytes name) {
	relay_bytes rest = e->attributes, k, v;
	while (relay_next_attribute(&rest, &k, &v))
		if (relay_equal(k, name)) return v;
	return relay_range(RELAY_NULL, 0);
}

RELAY_FUNCTION uint8_t *relay_put(uint8_t *to, relay_bytes b) {
	__builtin_memcpy(to, b.at, b.len);
	return to + b.len;
}

RELAY_FUNCTION uint8_t *relay_put_attribute(uint8_t *to, relay_bytes name, relay_bytes value) {
	const uint16_t k = (uint16_t)name.len;
	__builtin_memcpy(to, &k, 2);
	__builtin_memcpy(to + 2, &value.len, 4);
	return relay_put(relay_put(to + 6, name), value);
}

// relay_edit_attributes copies e's attributes without name, and, if value has an address, with it.
RELAY_LARGE void relay_edit_attributes(relay_event *e, relay_bytes name, relay_bytes value) {
	uint8_t *const start = (uint8_t *)relay_alloc(e->attributes.len + 6 + name.len + value.len), *to = start;
	relay_bytes rest = e->attributes, k, v;
	while (relay_next_attribute(&rest, &k, &v)) {
		const int order = relay_compare(k, name);
		if (order >= 0 && value.at) {
			to = relay_put_attribute(to, name, value);
			value.at = RELAY_NULL;
		}
		if (order != 0) to = relay_put_attribute(to, k, v);
	}
	if (value.at) to = relay_put_attribute(to, name, value);
	e->attributes = relay_range(start, (uint32_t)(to - start));
}

// relay_set_attribute gives e an attribute, or another value of it. The name has 1 to 65,535 bytes, else it panics.
RELAY_FUNCTION void relay_set_attribute(relay_event *e, relay_bytes name, relay_bytes value) {
	if (name.len == 0 || name.len > 65535) relay_panic(relay_str("relay.h: an attribute's name has 1 to 65535 bytes"));
	if (!value.at) value = relay_str("");
	relay_edit_attributes(e, name, value);
}

// relay_remove_attribute takes an attribute from e, if it is there.
RELAY_FUNCTION void relay_remove_attribute(relay_event *e, relay_bytes name) {
	relay_edit_attributes(e, name, relay_range(RELAY_NULL, 0));
}

// ----------------------------------------------------------------------------------------------------------------- emit

RELAY_IMPORT("emit") int32_t relay_host_emit(const void *record, uint32_t len);

// relay_emit_event makes a further event of e's topic, kind, payload and attributes, which goes on with the filters after
// this one; its time and source are those of the event at hand. It returns false if the cap on the number or bytes of
// events is reached. What is emitted stays so if the event at hand is dropped, but not if the handler fails. A topic that
// is none, or a payload that is not of its kind, is a trap.
RELAY_FUNCTION bool relay_emit_event(const relay_event *e) {
	const uintptr_t top = relay_memory.top;
	const relay_bytes record = relay_record(e);
	relay_memory.top = top; // relay has copied it when it returns
	return relay_host_emit(record.at, record.len) == 0;
}

// relay_emit is relay_emit_event without attributes.
RELAY_FUNCTION bool relay_emit(relay_bytes topic, relay_kind kind, relay_bytes payload) {
	relay_event e = {topic, payload, {RELAY_NULL, 0}, 0, kind, false};
	return relay_emit_event(&e);
}

// ----------------------------------------------------------------------------------------------- texts under construction

// relay_builder puts a text together: relay_builder b = RELAY_EMPTY; relay_add(&b, …); … b.text. It grows as needed.
typedef struct {
	relay_bytes text;
	uint32_t room;
} relay_builder;

// relay_grow makes room for n more bytes, and returns where they go.
RELAY_LARGE uint8_t *relay_grow(relay_builder *b, uint32_t n) {
	if (b->room - b->text.len < n) {
		const uint64_t room = (uint64_t)b->text.len * 2 + n + 64;
		if (room > (uint64_t)INT32_MAX) relay_panic(relay_str("relay.h: out of memory"));
		if (b->room > 0 && (uintptr_t)b->text.at + b->room == relay_memory.top) {
			relay_memory.top -= b->room; // the last allocation: it grows where it is
			b->text.at = (const uint8_t *)relay_alloc((uint32_t)room);
		} else {
			void *to = relay_alloc((uint32_t)room);
			__builtin_memcpy(to, b->text.at, b->text.len);
			b->text.at = (const uint8_t *)to;
		}
		b->room = (uint32_t)room;
	}
	b->text.len += n;
	return (uint8_t *)(uintptr_t)b->text.at + b->text.len - n;
}

RELAY_FUNCTION void relay_add(relay_builder *b, relay_bytes text) { relay_put(relay_grow(b, text.len), text); }
RELAY_FUNCTION void relay_add_str(relay_builder *b, const char *s) { relay_add(b, relay_str(s)); }
RELAY_FUNCTION void relay_add_byte(relay_builder *b, char c) { *relay_grow(b, 1) = (uint8_t)c; }

// relay_add_int adds a number in decimal.
RELAY_LARGE void relay_add_int(relay_builder *b, int64_t n) {
	uint8_t digits[20], *at = digits + sizeof digits;
	uint64_t rest = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
	do *--at = (uint8_t)('0' + rest % 10);
	while (rest /= 10);
	if (n < 0) *--at = '-';
	relay_add(b, relay_range(at, (uint32_t)(digits + sizeof digits - at)));
}

// relay_add_quoted adds a text, in UTF-8, as a JSON string, with its quotes.
RELAY_LARGE void relay_add_quoted(relay_builder *b, relay_bytes text) {
	static const char hex[] = "0123456789abcdef";
	relay_add_byte(b, '"');
	for (uint32_t i = 0; i < text.len; i++) {
		const uint8_t c = text.at[i];
		if (c == '"' || c == '\\') relay_add_byte(b, '\\');
		if (c < 0x20) {
			relay_add_str(b, "\\u00");
			relay_add_byte(b, hex[c >> 4]);
			relay_add_byte(b, hex[c & 15]);
		} else {
			relay_add_byte(b, (char)c);
		}
	}
	relay_add_byte(b, '"');
}


// ----------------------------------------------------------------------------------------------------------------- JSON

// relay_json is what is left of a JSON text. Reading goes no byte beyond its end, whatever the text is, but understands
// only what is well formed, as the payload of an event of kind RELAY_JSON and the configuration are. Values are ranges of
// the text as it is spelled, strings with their quotes:
//
//	relay_json j = relay_json_of(e->payload);
//	relay_bytes name, value;
//	if (relay_json_take(&j, '{'))
//		while (relay_json_member(&j, &name, &value)) …
typedef struct {
	const uint8_t *at, *end;
} relay_json;

RELAY_FUNCTION relay_json relay_json_of(relay_bytes text) {
	relay_json j;
	j.at = text.at;
	j.end = text.at + text.len;
	return j;
}

// relay_lanes are 16 bytes, looked at together. Functions that do so are compiled for it whatever the flags say.
typedef uint8_t relay_lanes __attribute__((vector_size(16)));
typedef signed char relay_signed_lanes __attribute__((vector_size(16)));
#define RELAY_WIDE __attribute__((target("simd128")))

// relay_sought is what relay_find looks for: a quote or backslash; a quote or bracket of any kind; what may come after a
// number or word; what is not white space.
typedef enum { RELAY_IN_STRING, RELAY_IN_NESTED, RELAY_IN_WORD, RELAY_IN_SPACE } relay_sought;

// relay_find moves *at to the next such byte, or to end, and returns false, if there is none. It looks at no byte from end
// on: where fewer than 16 are left it loads the last of those before end, of which there are 16, as no text lies lowest in
// memory.
RELAY_FUNCTION RELAY_WIDE __attribute__((always_inline)) bool relay_find(const uint8_t **at, const uint8_t *const end, relay_sought what) {
	for (const uint8_t *p = *at; p < end; p += sizeof(relay_lanes)) {
		const uint8_t *const from = end - p < (ptrdiff_t)sizeof(relay_lanes) ? end - sizeof(relay_lanes) : p;
		relay_lanes v;
		__builtin_memcpy(&v, from, sizeof v);
		const relay_lanes low = v | 0x20; // of [ and { the same, of ] and }, too
		const relay_lanes found = what == RELAY_IN_STRING   ? (relay_lanes)((v == '"') | (v == '\\'))
		                          : what == RELAY_IN_NESTED ? (relay_lanes)((v == '"') | (low == '{') | (low == '}'))
		                          : what == RELAY_IN_WORD   ? (relay_lanes)((v <= ' ') | (v == ',') | (v == ':') | (low == '}'))
		                                                    : (relay_lanes)(v > ' ');
		const uint32_t marks = (uint32_t)__builtin_wasm_bitmask_i8x16((relay_signed_lanes)found) >> (p - from);
		if (marks == 0) continue;
		*at = p + __builtin_ctz(marks);
		return true;
	}
	*at = end;
	return false;
}

// relay_after_string returns where a string ends whose opening quote is before p, and sets *escaped if it has a backslash.
RELAY_FUNCTION RELAY_WIDE const uint8_t *relay_after_string(const uint8_t *p, const uint8_t *const end, bool *escaped) {
	while (relay_find(&p, end, RELAY_IN_STRING)) {
		if (*p++ == '"') return p;
		*escaped = true;
		if (p < end) p++;
	}
	return end;
}

// relay_next moves *at over white space, of which there mostly is none, and returns the byte there; 0 at the end.
RELAY_FUNCTION RELAY_WIDE uint8_t relay_next(const uint8_t **at, const uint8_t *const end) {
	if (*at >= end) return 0;
	const uint8_t c = **at;
	if (c > ' ') return c;
	return relay_find(at, end, RELAY_IN_SPACE) ? **at : 0;
}

// relay_after_value returns where the value ends that is at p and begins with c, as relay_next returned them; p if there is
// none.
RELAY_FUNCTION RELAY_WIDE const uint8_t *relay_after_value(const uint8_t *p, const uint8_t *const end, uint8_t c) {
	bool escaped;
	if (c != '"' && (c | 0x20) != '{') {
		relay_find(&p, end, RELAY_IN_WORD);
		return p;
	}
	for (uint32_t depth = 0;; c = *p) {
		p++;
		if (c == '"') p = relay_after_string(p, end, &escaped);
		else if ((c | 0x20) == '{') depth++;
		else depth--;
		if (depth == 0 || !relay_find(&p, end, RELAY_IN_NESTED)) return p;
	}
}

// relay_json_take takes c, and the white space before it, if it is next.
RELAY_FUNCTION RELAY_WIDE bool relay_json_take(relay_json *j, char c) {
	const bool there = relay_next(&j->at, j->end) == (uint8_t)c;
	if (there) j->at++;
	return there;
}

// relay_json_value takes a value, and the white space before it, and returns false if there is none.
RELAY_LARGE RELAY_WIDE bool relay_json_value(relay_json *j, relay_bytes *value) {
	const uint8_t *begun = j->at;
	const uint8_t c = relay_next(&begun, j->end);
	j->at = relay_after_value(begun, j->end, c);
	*value = relay_range(begun, (uint32_t)(j->at - begun));
	return j->at > begun;
}

// relay_json_element takes an element of an array, after the opening bracket, and the comma behind it.
RELAY_FUNCTION bool relay_json_element(relay_json *j, relay_bytes *value) {
	if (!relay_json_value(j, value)) return false;
	relay_json_take(j, ',');
	return true;
}

RELAY_FUNCTION RELAY_WIDE __attribute__((always_inline)) bool relay_member(relay_json *j, relay_bytes *name, relay_bytes *value) {
	const uint8_t *p = j->at, *const end = j->end;
	bool escaped;
	const bool named = relay_next(&p, end) == '"';
	if (named) {
		const uint8_t *const n = p++;
		p = relay_after_string(p, end, &escaped);
		*name = relay_range(n, (uint32_t)(p - n));
	}
	if (!named || relay_next(&p, end) != ':') {
		j->at = p;
		return false;
	}
	p++;
	const uint8_t first = relay_next(&p, end), *const v = p;
	p = relay_after_value(p, end, first);
	*value = relay_range(v, (uint32_t)(p - v));
	const bool more = relay_next(&p, end) == ',';
	j->at = p + more;
	return value->len > 0;
}

// relay_json_member takes a member of an object, after the opening brace, and the comma behind it.
RELAY_LARGE RELAY_WIDE bool relay_json_member(relay_json *j, relay_bytes *name, relay_bytes *value) { return relay_member(j, name, value); }

// relay_json_member_of takes members up to the next whose name is spelled as name is, with its quotes, and returns false if
// there is none. What it knows stays in registers, so it is faster than relay_json_member for each.
RELAY_FUNCTION RELAY_WIDE bool relay_json_member_of(relay_json *j, relay_bytes name, relay_bytes *value) {
	relay_json rest = *j;
	relay_bytes n, v = {RELAY_NULL, 0};
	bool found = false;
	while (!found && relay_member(&rest, &n, &v)) {
		uint32_t len = n.len;
		if (len != name.len) continue;
		while (len > 0 && n.at[len - 1] == name.at[len - 1]) len--;
		found = len == 0;
	}
	*j = rest;
	*value = v;
	return found;
}

// RELAY_JSON_NAME is the kind of a token that is a name in an object, with the colon behind it. Other kinds are the
// characters { } [ ], '"' for strings, '0' for numbers, and 't', 'f', 'n' for true, false and null.
enum { RELAY_JSON_NAME = ':' };

// relay_json_kind returns what a value is: '{', '[', '"', '0', 't', 'f' or 'n'; 0 for none.
RELAY_FUNCTION char relay_json_kind(relay_bytes value) {
	if (value.len == 0) return 0;
	const uint8_t c = value.at[0];
	return c == '-' || (c >= '0' && c <= '9') ? '0' : (char)c;
}

// relay_json_token takes the next token, at whatever depth, and returns its kind, or 0 at the end. Commas are skipped.
// After a name, relay_json_value takes its value as a whole.
RELAY_LARGE RELAY_WIDE char relay_json_token(relay_json *j, relay_bytes *token) {
	relay_json_take(j, ',');
	relay_next(&j->at, j->end);
	*token = relay_range(j->at, j->at < j->end);
	if (token->len == 0) return 0;
	const uint8_t c = *token->at;
	if (c == '{' || c == '}' || c == '[' || c == ']') {
		j->at++;
		return (char)c;
	}
	if (!relay_json_value(j, token)) return 0;
	return c == '"' && relay_json_take(j, ':') ? RELAY_JSON_NAME : relay_json_kind(*token);
}

RELAY_FUNCTION uint32_t relay_hex4(const uint8_t *p) {
	uint32_t n = 0;
	for (int i = 0; i < 4; i++) n = n << 4 | (uint32_t)(p[i] <= '9' ? p[i] & 15 : (p[i] & 7) + 9);
	return n;
}

RELAY_FUNCTION uint8_t *relay_put_rune(uint8_t *to, uint32_t r) {
	if (r < 0x80) {
		*to++ = (uint8_t)r;
		return to;
	}
	if (r < 0x800) {
		*to++ = (uint8_t)(0xc0 | r >> 6);
	} else {
		if (r < 0x10000) {
			*to++ = (uint8_t)(0xe0 | r >> 12);
		} else {
			*to++ = (uint8_t)(0xf0 | r >> 18);
			*to++ = (uint8_t)(0x80 | (r >> 12 & 63));
		}
		*to++ = (uint8_t)(0x80 | (r >> 6 & 63));
	}
	*to++ = (uint8_t)(0x80 | (r & 63));
	return to;
}

// relay_json_text returns what a string says: a view of it without quotes, or a copy if it has escapes. Other values are
// returned as they are spelled.
RELAY_LARGE RELAY_WIDE relay_bytes relay_json_text(relay_bytes value) {
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	if (relay_json_kind(value) != '"' || value.len < 2) return value;
	const uint8_t *p = value.at + 1, *const end = value.at + value.len - 1;
	while (relay_find(&p, end, RELAY_IN_STRING) && *p == '"') p++;
	if (p == end) return relay_range(value.at + 1, value.len - 2);
	uint8_t *const start = (uint8_t *)relay_alloc(value.len), *out = start; // no escape is shorter than what it says
	for (p = value.at + 1; p < end;) {
		uint8_t c = *p++;
		if (c != '\\' || p == end) {
			*out++ = c;
		} else if (*p == 'u' && end - p >= 5) {
			uint32_t r = relay_hex4(p + 1), low;
			p += 5;
			if (r >= 0xd800 && r < 0xdc00 && end - p >= 6 && p[0] == '\\' && p[1] == 'u' && (low = relay_hex4(p + 2)) >= 0xdc00 && low < 0xe000) {
				r = 0x10000 + ((r - 0xd800) << 10) + (low - 0xdc00);
				p += 6;
			}
			out = relay_put_rune(out, r >= 0xd800 && r < 0xe000 ? 0xfffd : r);
		} else {
			c = *p++;
			for (int i = 0; from[i]; i++)
				if (c == (uint8_t)from[i]) {
					c = (uint8_t)to[i];
					break;
				}
			*out++ = c;
		}
	}
	return relay_range(start, (uint32_t)(out - start));
}

// relay_json_says reports whether a value is a string that says text, however it is spelled.
RELAY_FUNCTION bool relay_json_says(relay_bytes value, relay_bytes text) {
	const uintptr_t top = relay_memory.top;
	const bool says = relay_json_kind(value) == '"' && relay_equal(relay_json_text(value), text);
	relay_memory.top = top;
	return says;
}

// relay_json_field returns the value of a field of an object, and nothing (its address is null) if there is no such
// field, or value is no object.
RELAY_LARGE relay_bytes relay_json_field(relay_bytes object, relay_bytes name) {
	relay_json j = relay_json_of(object);
	relay_bytes n, value;
	if (relay_json_take(&j, '{'))
		while (relay_json_member(&j, &n, &value))
			if (relay_json_says(n, name)) return value;
	return relay_range(RELAY_NULL, 0);
}

// -------------------------------------------------------------------------------------------------------- configuration

// relay_config is what the operator wrote under `config:` in relay.yaml, as a JSON object. Its getters return what is
// there, or `otherwise`; a field that is of another type is a complaint, after which they go on, so that a handler reads
// all it wants without looking back:
//
//	static relay_bytes topic;
//	static int64_t limit;
//
//	RELAY_ON_INIT(c) {
//		relay_config_only(c, "topic", "limit");
//		topic = relay_config_text(c, "topic", relay_str("events"));
//		limit = relay_config_int(c, "limit", 100);
//		if (limit < 1) relay_config_fail(c, relay_str("config: limit: want at least 1"));
//	}
typedef struct {
	relay_bytes json;
	bool failed;
} relay_config;

// relay_list is a list of texts.
typedef struct {
	relay_bytes *at;
	uint32_t len;
} relay_list;

// relay_config_fail complains: the filter is not loaded, and the operator reads the first reason.
RELAY_FUNCTION void relay_config_fail(relay_config *c, relay_bytes reason) {
	if (!c->failed) relay_host_reason(0, reason.at, reason.len);
	c->failed = true;
}

RELAY_LARGE void relay_config_want(relay_config *c, const char *name, const char *want) {
	relay_builder b = RELAY_EMPTY;
	relay_add_str(&b, "config: ");
	relay_add_str(&b, name);
	relay_add_str(&b, ": want ");
	relay_add_str(&b, want);
	relay_config_fail(c, b.text);
}

// relay_config_json returns a field as it is spelled in JSON. Its address is null if there is none.
RELAY_FUNCTION relay_bytes relay_config_json(const relay_config *c, const char *name) {
	return relay_json_field(c->json, relay_str(name));
}

RELAY_FUNCTION relay_bytes relay_config_text(relay_config *c, const char *name, relay_bytes otherwise) {
	const relay_bytes value = relay_config_json(c, name);
	if (!value.at) return otherwise;
	if (relay_json_kind(value) == '"') return relay_json_text(value);
	relay_config_want(c, name, "text");
	return otherwise;
}

RELAY_FUNCTION int64_t relay_config_int(relay_config *c, const char *name, int64_t otherwise) {
	const relay_bytes value = relay_config_json(c, name);
	if (value.at && !relay_parse_int(value, &otherwise)) relay_config_want(c, name, "a whole number");
	return otherwise;
}

RELAY_FUNCTION bool relay_config_bool(relay_config *c, const char *name, bool otherwise) {
	const char kind = relay_json_kind(relay_config_json(c, name));
	if (kind == 't' || kind == 'f') return kind == 't';
	if (kind) relay_config_want(c, name, "true or false");
	return otherwise;
}

// relay_config_list returns the texts of a list, none if there is no such field. A single text is a list of one.
RELAY_LARGE relay_list relay_config_list(relay_config *c, const char *name) {
	relay_bytes value = relay_config_json(c, name), element;
	relay_list list = {RELAY_NULL, 0};
	relay_json j = relay_json_of(value);
	if (!value.at) return list;
	const bool single = relay_json_kind(value) == '"';
	if (!single && !relay_json_take(&j, '[')) {
		relay_config_want(c, name, "a list of texts");
		return list;
	}
	relay_json counting = j;
	uint32_t n = 0;
	while (relay_json_element(&counting, &element)) n++;
	list.at = (relay_bytes *)relay_alloc(n * (uint32_t)sizeof *list.at);
	while (relay_json_element(&j, &element)) {
		if (relay_json_kind(element) != '"') relay_config_want(c, name, "a list of texts");
		list.at[list.len++] = relay_json_text(element);
	}
	return list;
}

RELAY_LARGE void relay_config_names(relay_config *c, const char *first, ...) {
	relay_json j = relay_json_of(c->json);
	relay_bytes name, value;
	relay_json_take(&j, '{');
	while (relay_json_member(&j, &name, &value)) {
		va_list names;
		relay_builder b = RELAY_EMPTY;
		bool known = false;
		relay_add_str(&b, "config: ");
		relay_add_quoted(&b, relay_json_text(name));
		relay_add_str(&b, " is unknown; there are: ");
		va_start(names, first);
		for (const char *n = first; n; n = va_arg(names, const char *)) {
			known = known || relay_json_says(name, relay_str(n));
			if (n != first) relay_add_str(&b, ", ");
			relay_add_str(&b, n);
		}
		va_end(names);
		if (!known) relay_config_fail(c, b.text);
	}
}

// relay_config_only(c, "topic", "limit") complains about a field of another name, most often a slip of the pen.
#define relay_config_only(c, ...) relay_config_names(c, __VA_ARGS__, (const char *)RELAY_NULL)

// ---------------------------------------------------------------------- what relay.yaml must grant: kv, now, random, metric

RELAY_IMPORT("kv_get") int32_t relay_host_kv_get(const void *key, uint32_t key_len, void *out, uint32_t room);
RELAY_IMPORT("kv_set") int32_t relay_host_kv_set(const void *key, uint32_t key_len, const void *value, uint32_t len, int64_t ttl_ms);
RELAY_IMPORT("kv_add") int64_t relay_host_kv_add(const void *key, uint32_t key_len, int64_t delta, int64_t ttl_ms);
RELAY_IMPORT("now") int64_t relay_host_now(void);
RELAY_IMPORT("random") void relay_host_random(void *to, uint32_t n);
RELAY_IMPORT("metric") void relay_host_metric(const void *name, uint32_t len, int64_t delta);

// relay_kv_get returns the value of a key of the filter's own store, which all its lanes share. Its address is null if
// there is none. Grant: kv, as for the other kv functions.
RELAY_LARGE relay_bytes relay_kv_get(relay_bytes key) {
	for (uint32_t room = 256;;) {
		void *out = relay_alloc(room);
		const int32_t n = relay_host_kv_get(key.at, key.len, out, room);
		if (n < 0) return relay_range(RELAY_NULL, 0);
		if ((uint32_t)n <= room) return relay_range(out, (uint32_t)n);
		room = (uint32_t)n; // it did not fit, and may have grown again by the time we ask again
	}
}

// relay_kv_set sets the value of a key for ttl_ms milliseconds, 0: without end. False: no room.
RELAY_FUNCTION bool relay_kv_set(relay_bytes key, relay_bytes value, int64_t ttl_ms) {
	return relay_host_kv_set(key.at, key.len, value.at, value.len, ttl_ms < 0 ? 0 : ttl_ms) == 0;
}

RELAY_FUNCTION void relay_kv_delete(relay_bytes key) { relay_host_kv_set(key.at, key.len, RELAY_NULL, 0, -1); }

// relay_kv_add adds delta to a counter and sets *sum to the result, in one step for all lanes. A key that is absent
// starts at 0 and lasts for ttl_ms (0: without end); later calls do not prolong it. False: no room.
RELAY_FUNCTION bool relay_kv_add(relay_bytes key, int64_t delta, int64_t ttl_ms, int64_t *sum) {
	*sum = relay_host_kv_add(key.at, key.len, delta, ttl_ms < 0 ? 0 : ttl_ms);
	return *sum != INT64_MIN;
}

// relay_now returns the wall clock in nanoseconds since 1970. Grant: now. Without it there is the event's own time.
RELAY_FUNCTION int64_t relay_now(void) { return relay_host_now(); }

// relay_random fills n bytes with random ones that are fit for cryptography. Grant: random.
RELAY_FUNCTION void relay_random(void *to, uint32_t n) { relay_host_random(to, n); }

// relay_metric adds delta to the filter's metric of that name ([a-z_][a-z0-9_]*). Grant: metric.
RELAY_FUNCTION void relay_metric(relay_bytes name, int64_t delta) { relay_host_metric(name.at, name.len, delta); }

// ------------------------------------------------------------------------------- what compilers call without being asked

#ifndef RELAY_LIBC // define it if a C library is linked
#define RELAY_BUILTIN(name) __attribute__((weak, no_builtin(#name))) name

void *RELAY_BUILTIN(memcpy)(void *to, const void *from, size_t n) {
	for (size_t i = 0; i < n; i++) ((char *)to)[i] = ((const char *)from)[i];
	return to;
}

void *RELAY_BUILTIN(memmove)(void *to, const void *from, size_t n) {
	if ((uintptr_t)to <= (uintptr_t)from)
		for (size_t i = 0; i < n; i++) ((char *)to)[i] = ((const char *)from)[i];
	else
		while (n-- > 0) ((char *)to)[n] = ((const char *)from)[n];
	return to;
}

void *RELAY_BUILTIN(memset)(void *to, int c, size_t n) {
	for (size_t i = 0; i < n; i++) ((char *)to)[i] = (char)c;
	return to;
}

int RELAY_BUILTIN(memcmp)(const void *a, const void *b, size_t n) {
	return relay_compare(relay_range(a, (uint32_t)n), relay_range(b, (uint32_t)n));
}

size_t RELAY_BUILTIN(strlen)(const char *s) {
	size_t n = 0;
	while (s[n]) n++;
	return n;
}
#endif

#ifdef __cplusplus
}
#endif
#endif
