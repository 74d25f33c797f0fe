"""The gRPC side: questions about flags, answered.  Only this folder knows grpc."""
