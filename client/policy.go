package client

// ServiceConfig is how a client of embedd should behave, in gRPC's own form: round robin over every address of
// the target, and up to four tries of calls that found no server or lost it. Embedding changes nothing on the
// server, so trying again is safe. The throttle stops retries while more than half of the calls fail.
//
// RESOURCE_EXHAUSTED is not in the list: its pause is the server's to name (RetryInfo), and Client waits for it.
const ServiceConfig = `{
  "loadBalancingConfig": [{"round_robin": {}}],
  "methodConfig": [{
    "name": [{"service": "hives.v1.EmbedService"}, {"service": "hives.v1.ValueService"}],
    "retryPolicy": {
      "maxAttempts": 4,
      "initialBackoff": "0.1s",
      "maxBackoff": "2s",
      "backoffMultiplier": 2,
      "retryableStatusCodes": ["UNAVAILABLE"]
    }
  }],
  "retryThrottling": {"maxTokens": 100, "tokenRatio": 0.5}
}`
