// The lists in Fastify, with the options that make its router forgive the most.
'use strict';

const crypto = require('crypto');
const fs = require('fs');

const lists = JSON.parse(fs.readFileSync(process.env.KEYS_FILE));
const app = require('fastify')({
  routerOptions: { caseSensitive: false, ignoreTrailingSlash: true, ignoreDuplicateSlashes: true, useSemicolonDelimiter: true },
});

app.removeAllContentTypeParsers();
app.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body, done) => done(null, body));

function list(path, kind, created) {
  app.get(path, (request, reply) => reply.type('application/json').send(lists[kind]));
  app.post(path, (request, reply) => {
    const token = `${kind}-${crypto.randomBytes(12).toString('hex')}`;
    reply.code(created).send({ id: crypto.randomUUID(), type: kind, token, last_used_at: null });
  });
  app.delete(`${path}/:key`, (request, reply) => reply.code(204).send());
}

list('/console/api/apps/:owner/api-keys', 'app', 201);
list('/console/api/datasets/api-keys', 'dataset', 200);
list('/console/api/datasets/:owner/api-keys', 'ds', 201);
app.route({ method: ['GET', 'POST'], url: '/health', handler: async () => ({ ok: true }) });
app.route({
  method: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
  url: '/v1/echo',
  handler: async (request) => ({ method: request.method, url: request.url, length: (request.body || '').length, x: request.headers['x-test'] }),
});

app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' });
