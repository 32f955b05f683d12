package sdk

import "eventrelay/sdk/abi"

// Handler decides about one event, connection or subscription. The event is valid until the handler returns.
type Handler func(*Event) Verdict

// handlers is what the filter registered.
var handlers struct {
	init                                    func(Config) error
	event, connect, subscribe, disconnected Handler
}

// OnEvent registers the handler of events. Call it, like all On functions, in init, or in the handler of OnInit.
func OnEvent(h Handler) { set(&handlers.event, h) }

// OnConnect registers the handler that decides who may connect. The event has no payload; its attributes are "path",
// "query", "remote" and "header.NAME" (name in lower case), "connection", and what filters before this one have set; its
// topic is the pattern asked for, if it is one. Pass accepts; Refuse, Drop and Reject refuse. ReplaceEvent accepts, and
// sets the attributes that the connection's events will carry, and what it subscribes to if the topic is not empty. The
// request's own attributes are not kept, so a handler may add to those of the event:
//
//	e.Attributes = e.Attributes.With("tenant", tenant)
//	return sdk.ReplaceEvent(e)
func OnConnect(h Handler) { set(&handlers.connect, h) }

// OnSubscribe registers the handler that decides who may subscribe to what. The event's topic is the pattern, its
// attributes are the connection's. Pass accepts; Refuse, Drop and Reject refuse; ReplaceEvent sets the pattern.
func OnSubscribe(h Handler) { set(&handlers.subscribe, h) }

// OnDisconnect registers the handler that learns of the end of connections that the filter accepted; the attributes are
// the connection's.
func OnDisconnect(h func(*Event)) {
	set(&handlers.disconnected, func(e *Event) Verdict { h(e); return Pass() })
}

// OnInit registers the handler of the filter's configuration, called once, before all others. An error keeps the
// filter from being loaded, with the error's text for the operator. The configuration is valid until it returns.
func OnInit(h func(Config) error) {
	if handlers.init != nil {
		panic("sdk: OnInit called twice")
	}
	handlers.init = h
}

func set(slot *Handler, h Handler) {
	if *slot != nil {
		panic("sdk: two handlers for one hook")
	}
	*slot = h
}

// hooks returns the mask of what is registered.
func hooks() (mask abi.Hook) {
	for _, x := range [...]struct {
		h    Handler
		hook abi.Hook
	}{
		{handlers.event, abi.OnEvent},
		{handlers.connect, abi.OnConnect},
		{handlers.subscribe, abi.OnSubscribe},
		{handlers.disconnected, abi.OnDisconnect},
	} {
		if x.h != nil {
			mask |= x.hook
		}
	}
	return mask
}
