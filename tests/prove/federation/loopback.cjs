// Preloaded into the suite's own subgraphs, which would listen on all interfaces: they listen on 127.0.0.1.
const net = require('node:net');

const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (first, ...rest) {
  if (first && typeof first === 'object' && first.port != null && !first.host) return listen.call(this, { ...first, host: '127.0.0.1' }, ...rest);
  if (/^\d+$/.test(String(first)) && typeof rest[0] !== 'string') return listen.call(this, first, '127.0.0.1', ...rest);
  return listen.call(this, first, ...rest);
};
