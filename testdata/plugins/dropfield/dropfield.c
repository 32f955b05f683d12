// dropfield is a filter that drops the events in which a field has a certain value:
//
//	config: {field: level, value: debug}
//
// The field is one of the outermost object; the value is text, a number, true, false or null. Both are compared as they
// are spelled in JSON: 1 is not 1.0, and a name with escapes is not the same name without. Other events pass.
#include "../../../sdk/c/relay.h"

static relay_bytes field, wanted;

RELAY_ON_INIT(c) {
	relay_config_only(c, "field", "value");
	field = relay_config_json(c, "field");
	wanted = relay_config_json(c, "value");
	const char kind = relay_json_kind(wanted);
	if (relay_json_kind(field) != '"' || kind == 0 || kind == '{' || kind == '[')
		relay_config_fail(c, relay_str("config: want {field: NAME, value: TEXT, NUMBER, true, false or null}, and no more"));
}

RELAY_ON_EVENT(e) {
	relay_json j = relay_json_of(e->payload);
	relay_bytes value;
	if (!relay_json_take(&j, '{')) return relay_pass();
	while (relay_json_member_of(&j, field, &value))
		if (relay_equal(value, wanted)) return relay_drop(field);
	return relay_pass();
}
