package telemetry

import (
	"context"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	reflectionv1 "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"

	hivesv1 "hives/proto/hives/v1"
	hivesv1alpha1 "hives/proto/hives/v1alpha1"
	teiv1 "hives/proto/tei/v1"
)

// known are the methods that have a label of their own; false for streams. A client can name any method it likes,
// so others share a label.
var known = methods(hivesv1.EmbedService_ServiceDesc, hivesv1.ValueService_ServiceDesc, teiv1.Info_ServiceDesc,
	teiv1.Embed_ServiceDesc, hivesv1alpha1.IntensityService_ServiceDesc, hivesv1alpha1.ProfileService_ServiceDesc,
	teiv1.Tokenize_ServiceDesc, healthv1.Health_ServiceDesc, reflectionv1.ServerReflection_ServiceDesc)

// methods lists the methods of services by their full names, and which of them are unary:
//
//	/hives.v1.EmbedService/Embed         true
//	/hives.v1.EmbedService/EmbedStream   false
func methods(services ...grpc.ServiceDesc) map[string]bool {
	out := map[string]bool{}
	for _, s := range services {
		for _, m := range s.Methods {
			out["/"+s.ServiceName+"/"+m.MethodName] = true
		}
		for _, m := range s.Streams {
			out["/"+s.ServiceName+"/"+m.StreamName] = false
		}
	}
	return out
}

// grpcStats sees every call, also those that are refused before any interceptor. An overloaded server refuses most
// calls there, and a figure that missed them would look healthiest when it is worst.
type grpcStats struct{ m *Metrics }

// GRPC is for grpc.StatsHandler.
func (m *Metrics) GRPC() stats.Handler { return grpcStats{m} }

type methodKey struct{}

// TagRPC implements stats.Handler.
func (grpcStats) TagRPC(ctx context.Context, info *stats.RPCTagInfo) context.Context {
	return context.WithValue(ctx, methodKey{}, info.FullMethodName)
}

// HandleRPC implements stats.Handler. Streams have no duration: they last as long as their client likes, and would
// stand in the last bucket.
// The duration is the transport's: from the first byte of the request to the last of its answer, waiting and
// refusal included.
func (h grpcStats) HandleRPC(ctx context.Context, s stats.RPCStats) {
	method, _ := ctx.Value(methodKey{}).(string)
	// A method that is not known counts as a stream here, without a duration, and under "other".
	unary, listed := known[method]
	switch s := s.(type) {
	case *stats.Begin:
		if !unary {
			h.m.streams.Inc()
		}
	case *stats.End:
		if !unary {
			h.m.streams.Dec()
		}
		if !listed {
			method = "other"
		}
		at := status.Convert(s.Error)
		h.m.finished(method, at.Code().String(), reason(at))
		if unary {
			h.m.seconds.WithLabelValues(method).Observe(s.EndTime.Sub(s.BeginTime).Seconds())
		}
	}
}

// reason is what ErrorInfo says: QUEUE_FULL, TOO_MANY_CALLS and the like (docs/EMBEDD.md lists them), "" of an
// error without one, as grpc-go's own are.
func reason(s *status.Status) string {
	for _, d := range s.Details() {
		if info, ok := d.(*errdetails.ErrorInfo); ok {
			return info.Reason
		}
	}
	return ""
}

// TagConn implements stats.Handler.
func (grpcStats) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

// HandleConn implements stats.Handler.
func (grpcStats) HandleConn(context.Context, stats.ConnStats) {}
