// The lists in Express, 4 or 5 (the first argument names the package), with the middleware that lets a POST be a GET.
'use strict';

const crypto = require('crypto');
const fs = require('fs');
const express = require(process.argv[2]);
const methodOverride = require('method-override');

const lists = JSON.parse(fs.readFileSync(process.env.KEYS_FILE));
// One key of the list.
lists.object = JSON.stringify(JSON.parse(lists.app).data[0]);
const app = express();

app.use(express.raw({ type: () => true, limit: '1mb' }));
app.use(methodOverride('X-HTTP-Method-Override'));
app.use(methodOverride('_method'));
app.use(methodOverride(inBody));

// As Parse Server and the example of the middleware's manual have it.
function inBody(request) {
  const text = Buffer.isBuffer(request.body) ? request.body.toString() : '';
  try {
    return JSON.parse(text)._method;
  } catch {
    return new URLSearchParams(text).get('_method') || undefined;
  }
}

function list(path, kind, created) {
  app.get(path, (request, response) => response.type('application/json').send(lists[kind]));
  app.post(path, (request, response) => {
    const token = `${kind === 'object' ? 'app' : kind}-${crypto.randomBytes(12).toString('hex')}`;
    response.status(created).json({ id: crypto.randomUUID(), type: kind, token, last_used_at: null });
  });
  app.delete(`${path}/:key`, (request, response) => response.status(204).end());
}

list('/console/api/apps/:owner/api-keys', 'app', 201);
list('/v1/keys/:key', 'object', 200);
list('/console/api/datasets/api-keys', 'dataset', 200);
list('/console/api/datasets/:owner/api-keys', 'ds', 201);
app.all('/health', (request, response) => response.json({ ok: true }));
app.all('/v1/echo', (request, response) => {
  const length = Buffer.isBuffer(request.body) ? request.body.length : 0;
  response.json({ method: request.method, url: request.originalUrl, length, x: request.get('X-Test') });
});
app.get('/sse', (request, response) => {
  response.type('text/event-stream');
  for (let number = 0; number < 3; number++) response.write(`data: ${number}\n\n`);
  response.end();
});

app.listen(Number(process.env.PORT), '127.0.0.1');
