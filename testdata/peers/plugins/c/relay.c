// The scan as a filter of relay.
#include "relay.h"

#include "scan.h"

static u8 buffer[1 << 17] __attribute__((aligned(8)));

u32 EXPORT(relay_abi_v1)(void) { return HOOK_EVENT; }

u8 *EXPORT(relay_buffer)(u32 min) { return min <= sizeof buffer ? buffer : 0; }

i64 EXPORT(relay_on_event)(u32 len) {
	span p = payload_of((const record *)buffer);
	return found(p.at, p.len) ? DROP : PASS;
}
