// split makes one event of each element of a JSON array, and drops the array:
//
//	config: {field: order.items, topic: orders.item, max: 64}
//
// The array is what field leads to, or the whole event if it is left out. Where field leads to several arrays, through
// others, all of them are split. The new events have the event's attributes, and its topic if none is given. An event with
// more than max elements (64 if left out) is rejected, and none of them let through; limits.emits must allow as many.
// Events without such an array pass.
#include "../lib/path.h"

static path field;
static relay_bytes topic;
static int64_t max;

// Of the event at hand.
static int64_t arrays, elements;
static relay_event one; // that is made of an element

RELAY_ON_INIT(c) {
	relay_config_only(c, "field", "topic", "max");
	if (relay_config_json(c, "field").at) field = config_path(c, "field");
	topic = relay_config_text(c, "topic", relay_range(0, 0));
	bool bad = topic.at && (topic.len < 1 || topic.len > 256);
	for (uint32_t i = 0; i < topic.len; i++) {
		const uint8_t c = topic.at[i], before = i ? topic.at[i - 1] : '.';
		bad = bad || c <= ' ' || c == '*' || c == '>' || (c == '.' && (before == '.' || i + 1 == topic.len));
	}
	if (bad) relay_config_want(c, "topic", "a topic of at most 256 bytes, such as orders.item");
	max = config_count(c, "max", 64, "a whole number of at least 1, such as 64");
}

// count is a visit.
static bool count(relay_bytes array) {
	const place end = array.at + array.len;
	place value, after;
	if (*array.at != '[') return false;
	arrays++;
	for (place p = array.at + 1; (value = next_element(p, end, &after)); elements++) p = value_end(value, end);
	return false;
}

// emit is a visit, too, which ends when there is no room.
static bool emit(relay_bytes array) {
	const place end = array.at + array.len;
	place value, after;
	if (*array.at != '[') return false;
	for (place p = array.at + 1; (value = next_element(p, end, &after));) {
		p = value_end(value, end);
		one.payload = relay_range(value, (uint32_t)(p - value));
		if (!relay_emit_event(&one)) return true;
	}
	return false;
}

// each visits what the configuration names, and returns whether that was enough for the visit.
static bool each(const relay_event *e, visit *v) {
	if (field.len > 0) return find(&field, e, v);
	place begun = e->payload.at;
	const place end = begun + e->payload.len;
	relay_next(&begun, end);
	return v(relay_range(begun, (uint32_t)(end - begun)));
}

static relay_verdict too_many(int64_t n) {
	relay_builder b = {0};
	relay_add_str(&b, "an array of ");
	relay_add_int(&b, n);
	relay_add_str(&b, " elements; at most ");
	relay_add_int(&b, max);
	return relay_reject(b.text);
}

RELAY_ON_EVENT(e) {
	arrays = elements = 0;
	if (e->kind != RELAY_JSON) return relay_pass();
	each(e, count);
	if (arrays == 0) return relay_pass();
	if (elements > max) return too_many(elements);
	one = *e;
	if (topic.at) one.topic = topic;
	if (each(e, emit)) return relay_fail(TEXT("more than may be emitted: raise limits.emits, or lower max"));
	return relay_drop(TEXT("split"));
}
