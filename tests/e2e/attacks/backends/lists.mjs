// The lists for frameworks whose handlers take a Request and give a Response.
import crypto from 'node:crypto';
import fs from 'node:fs';

// Read when they are asked for, since a build loads this file, too.
let lists;

export function list(kind) {
  return () => new Response((lists ??= JSON.parse(fs.readFileSync(process.env.KEYS_FILE)))[kind], { headers: { 'content-type': 'application/json' } });
}

export function create(kind, status) {
  return () => {
    const token = `${kind}-${crypto.randomBytes(12).toString('hex')}`;
    return Response.json({ id: crypto.randomUUID(), type: kind, token, last_used_at: null }, { status });
  };
}

export const removed = () => new Response(null, { status: 204 });

export const health = () => Response.json({ ok: true });

export async function echo(request) {
  const length = (await request.arrayBuffer()).byteLength;
  return Response.json({ method: request.method, query: new URL(request.url).search, length, x: request.headers.get('x-test') });
}

export const events = () => new Response('data: 0\n\ndata: 1\n\ndata: 2\n\n', { headers: { 'content-type': 'text/event-stream' } });
