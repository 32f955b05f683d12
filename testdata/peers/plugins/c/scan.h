// scan.h: the filter that all hosts run: it drops payloads that hold control characters, such as a line's end. Every
// byte of a payload that passes is looked at.
#pragma once

static int found(const unsigned char *at, unsigned len) {
	for (; len; at++, len--)
		if (*at < ' ') return 1;
	return 0;
}
