// dropfield is a filter that drops the events in which a field has a certain value:
//
//	config: {field: level, value: debug}
//
// The field is one of the outermost object; the value is text, a number, true, false or null. Both are compared as they
// are spelled in JSON: 1 is not 1.0, and a name with escapes is not the same name without. Other events pass.
#include "../c/json.h"

static _Alignas(8) u8 buffer[(1 << 20) + (1 << 16)];
static u8 config[1024]; // a copy, since events overwrite the buffer
static span field, wanted;

u32 EXPORT(relay_abi_v1)(void) { return HOOK_EVENT; }

u8 *EXPORT(relay_buffer)(u32 min) { return min <= sizeof buffer ? buffer : 0; }

static u32 refuse(void) {
	REASON(REASON_DROP, "config: want {field: NAME, value: TEXT, NUMBER, true, false or null}, and no more");
	return 1;
}

u32 EXPORT(relay_init)(u32 len) {
	static const span FIELD = {(const u8 *)"\"field\"", 7}, VALUE = {(const u8 *)"\"value\"", 7};
	if (len > sizeof config) return refuse();
	put(config, (span){buffer, len});
	text((span){config, len});
	accept('{');
	while (member()) {
		if (same(&name, &FIELD)) field = val;
		else if (same(&name, &VALUE)) wanted = val;
		else return refuse();
		accept(',');
	}
	if (!field.len || *field.at != '"' || !wanted.len || *wanted.at == '{' || *wanted.at == '[') return refuse();
	return 0;
}

i64 EXPORT(relay_on_event)(u32 len) {
	text(payload_of((const record *)buffer));
	if (!accept('{')) return PASS;
	while (member()) {
		if (same(&name, &field) && same(&val, &wanted)) {
			relay_reason(REASON_DROP, field.at, field.len);
			return DROP;
		}
		if (!accept(',')) break;
	}
	return PASS;
}
