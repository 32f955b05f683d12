// split makes one event of each element of a JSON array, and drops the array:
//
//	config: {field: order.items, topic: orders.item, max: 64}
//
// The array is what field leads to, or the whole event if it is left out. The new events have the event's attributes, and
// its topic if none is given. An array of more than max elements (64 if left out) is rejected, and none of its elements
// let through; limits.emits must allow as many. Events without such an array pass.
#include "../lib/path.h"

static path field;
static relay_bytes topic, array;
static int64_t max;

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

static bool take_array(relay_bytes v) {
	if (*v.at != '[') return false;
	array = v;
	return true;
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
	array = e->payload;
	if (e->kind != RELAY_JSON || (field.len > 0 && !find(&field, e, take_array))) return relay_pass();
	const place end = array.at + array.len, begun = blank(array.at, end) + 1;
	place value, after;
	int64_t n = 0;
	if (begun[-1] != '[') return relay_pass();
	for (place p = begun; (value = next_element(p, end, &after)); n++) p = value_end(value, end);
	if (n > max) return too_many(n);
	relay_event one = *e;
	if (topic.at) one.topic = topic;
	for (place p = begun; (value = next_element(p, end, &after));) {
		p = value_end(value, end);
		one.payload = relay_range(value, (uint32_t)(p - value));
		if (!relay_emit_event(&one)) return relay_fail(TEXT("more than may be emitted: raise limits.emits, or lower max"));
	}
	return relay_drop(TEXT("split"));
}
