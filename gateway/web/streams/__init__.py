"""Operations whose answer comes in many pieces: subscriptions, and what is deferred, over HTTP and websockets alike.

operations   any operation's results, presentable, ended with the credentials; what changes something goes on
payloads     one result as JSON, in either form of incremental delivery
framing      payloads as server-sent events, or as parts of a multipart answer
answer       the HTTP answer that a stream is: heartbeats, backpressure, and how it ends
over_http    which requests are answered by a stream, and in which form
"""
