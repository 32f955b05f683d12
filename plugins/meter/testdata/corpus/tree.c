// JSON: a tree of what was read, sorted by key, and written again; numbers by way of doubles.
#include "guest.h"

typedef struct node {
	u8 kind; // one of n t f 0 " [ {
	span text;
	double number;
	struct node *key, *first, *next;
} node;

static span in;
static u32 depth;

static void blank(void) {
	while (in.len && (*in.at == ' ' || *in.at == '\n' || *in.at == '\t' || *in.at == '\r')) in.at++, in.len--;
}

static int take(u8 c) {
	blank();
	if (!in.len || *in.at != c) return 0;
	in.at++, in.len--;
	return 1;
}

static double scaled(double v, int by) {
	for (double ten = by < 0 ? 0.1 : 10; by; by < 0 ? by++ : by--) v *= ten;
	return v;
}

static double number(void) {
	double v = 0, sign = 1;
	int scale = 0, exponent = 0, point = 0, negative = 0;
	if (in.len && *in.at == '-') sign = -1, in.at++, in.len--;
	for (; in.len; in.at++, in.len--) {
		if (*in.at == '.') point = 1;
		else if (*in.at >= '0' && *in.at <= '9') v = v * 10 + (*in.at - '0'), scale -= point;
		else break;
	}
	if (in.len && (*in.at | 32) == 'e') {
		in.at++, in.len--;
		if (in.len && (*in.at == '-' || *in.at == '+')) negative = *in.at == '-', in.at++, in.len--;
		for (; in.len && *in.at >= '0' && *in.at <= '9' && exponent < 400; in.at++, in.len--) exponent = exponent * 10 + *in.at - '0';
	}
	return sign * scaled(v, scale + (negative ? -exponent : exponent));
}

static int before(span a, span b) {
	u32 n = a.len < b.len ? a.len : b.len;
	for (u32 i = 0; i < n; i++)
		if (a.at[i] != b.at[i]) return a.at[i] < b.at[i];
	return a.len < b.len;
}

static node *read(void);

static node *string(node *n) {
	n->kind = '"', n->text = (span){in.at, 0};
	while (in.len && *in.at != '"') {
		u32 step = *in.at == '\\' && in.len > 1 ? 2 : 1;
		in.at += step, in.len -= step, n->text.len += step;
	}
	return take('"') ? n : 0;
}

static node *members(node *n, u8 close) {
	n->kind = close == '}' ? '{' : '[';
	if (take(close)) return n;
	do {
		node *key = 0;
		if (close == '}') {
			if (!take('"') || !(key = string(arena(sizeof(node)))) || !take(':')) return 0;
		}
		node *value = read();
		if (!value) return 0;
		value->key = key;
		node **at = &n->first;
		while (*at && !(key && before(key->text, (*at)->key->text))) at = &(*at)->next;
		value->next = *at, *at = value;
	} while (take(','));
	return take(close) ? n : 0;
}

static node *word(node *n, const char *rest, u8 kind) {
	for (n->kind = kind; *rest; rest++, in.at++, in.len--)
		if (!in.len || *in.at != (u8)*rest) return 0;
	return n;
}

static node *read(void) {
	blank();
	if (!in.len || depth > 200) return 0;
	node *n = arena(sizeof *n), *made = 0;
	u8 c = *in.at;
	if (c == '-' || (c >= '0' && c <= '9')) {
		n->kind = '0', n->number = number();
		return n;
	}
	in.at++, in.len--, depth++;
	switch (c) {
	case '"': made = string(n); break;
	case '[': made = members(n, ']'); break;
	case '{': made = members(n, '}'); break;
	case 'n': made = word(n, "ull", c); break;
	case 't': made = word(n, "rue", c); break;
	case 'f': made = word(n, "alse", c); break;
	}
	depth--;
	return made;
}

static u8 *put(u8 *to, const void *from, u32 n) {
	copy(to, from, n);
	return to + n;
}

static u8 *write(u8 *to, const node *n) {
	if (n->key) {
		*to++ = '"';
		to = put(to, n->key->text.at, n->key->text.len);
		to = put(to, "\":", 2);
	}
	switch (n->kind) {
	case 'n': return put(to, "null", 4);
	case 't': return put(to, "true", 4);
	case 'f': return put(to, "false", 5);
	case '0': return put(to, &n->number, 8);
	case '"':
		*to++ = '"';
		to = put(to, n->text.at, n->text.len);
		*to++ = '"';
		return to;
	}
	*to++ = n->kind;
	for (const node *m = n->first; m; m = m->next) {
		to = write(to, m);
		*to++ = ',';
	}
	*to++ = n->kind + 2;
	return to;
}

span tree(span text) {
	in = text, depth = 0;
	node *n = read();
	if (!n) return (span){in.at, 0};
	span out = {arena(text.len * 9 + 64), 0};
	out.len = (u32)(write(out.at, n) - out.at);
	return out;
}
