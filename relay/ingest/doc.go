// Package ingest is the publish API: it turns HTTP requests into events, hands them to a relay.Publisher, and says what
// became of each. It decides nothing about who may publish (a relay.Gate does) and nothing about filters or clients.
//
//	POST /publish, /publish/{topic} → route → Gate (before the body is read) → media type → body, bounded in bytes and time
//	      → Idempotency-Key → events → Publisher.Publish → one answer, or one result per item of a batch
//
// # Requests
//
// The topic is the rest of the path, percent-decoded, or else `?topic=`, or else relay.DefaultTopic. `?event_id=` names
// the event; without it one is minted. The Content-Type says what the body is:
//
//	application/json, …+json, application/x-www-form-urlencoded (curl -d), none   one JSON value
//	text/…                                                                        UTF-8
//	any other concrete type                                                       bytes
//	application/x-ndjson, application/jsonl                                       a batch: one item per line
//	JSON, with ?batch=true                                                        a batch: an array of items
//	application/cloudevents+json, or headers ce-…                                 one CloudEvent 1.0
//	application/cloudevents-batch+json                                            a batch of CloudEvents
//	multipart/…, or any Content-Encoding                                          415
//
// JSON is read strictly (package rawjson) and relayed byte for byte, less the white space around it.
//
// # Batches
//
// With a topic in the path or query, every item is a payload. Without, every item is an object that says where it goes:
//
//	{"topic": "orders.eu",            required
//	 "data": …                        the payload as JSON; or, with "type": "text", a string that holds the text
//	 "data_base64": "…",              instead of data: the payload as bytes, or as "type": "json" or "text" says
//	 "type": "json",                  json, text or binary
//	 "event_id": "…",                 minted if absent
//	 "attributes": {"name": "value"}} strings for the filters
//
// Other keys are refused, as is a key that occurs twice. Items are published in order, some hundred at a time. A broken
// item gets its own result, and the others go on; after an item that found the relay busy or stopping no later chunk is
// tried, so that a publisher that repeats what was refused keeps its order. A body that is cut short publishes nothing.
//
// # Answers
//
//	{"event_id", "id", "topic", "verdict", "filter", "reason", "emitted"}     200 accepted, transformed, dropped
//	{"items", "failed", "results": [{"status", …as above or "detail"}]}       200 for a batch; failed counts other statuses
//
// Errors are application/problem+json (RFC 9457) with a detail that says what to do; bad JSON adds line, column and
// offset. 422 when a filter rejects, 503 when a filter failed or the relay stops, 429 and Retry-After under
// back-pressure. Nothing is answered with 200 that was not decided by the filters.
//
// # Repeats
//
// A request with an Idempotency-Key (draft-ietf-httpapi-idempotency-key-header) that handed something on is remembered
// with its answer. The same request again gets that answer and `Idempotency-Replayed: true`, another one under the same
// key 422, and one that comes while the first is in flight 409. Requests that handed nothing on may be tried again.
package ingest
