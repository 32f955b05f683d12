// sample greets: it puts a greeting into JSON events that have a name, counts them, and drops those that have none.
//
//	config: {greeting: Hello, ignore: [root]}
//	allow: [metric]
#include "../relay.h"

static relay_bytes greeting;
static relay_list ignored;

RELAY_ON_INIT(c) {
	relay_config_only(c, "greeting", "ignore");
	greeting = relay_config_text(c, "greeting", relay_str("Hello"));
	ignored = relay_config_list(c, "ignore");
	if (greeting.len == 0) relay_config_fail(c, relay_str("config: greeting: want some text"));
}

RELAY_ON_EVENT(e) {
	const relay_bytes value = relay_json_field(e->payload, relay_str("name"));
	if (relay_json_kind(value) != '"') return relay_drop(relay_str("no name"));
	const relay_bytes name = relay_json_text(value);
	for (uint32_t i = 0; i < ignored.len; i++)
		if (relay_equal(name, ignored.at[i])) return relay_pass();

	relay_metric(relay_str("greeted"), 1);
	relay_builder text = RELAY_EMPTY, payload = RELAY_EMPTY;
	relay_add(&text, greeting);
	relay_add_str(&text, ", ");
	relay_add(&text, name);
	relay_add_str(&payload, "{\"greeting\":");
	relay_add_quoted(&payload, text.text);
	relay_add_str(&payload, "}");
	return relay_replace(payload.text);
}
