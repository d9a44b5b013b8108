// The lists as routes of React Router, behind its adapter for Express, which builds the URL that it routes by of Host and X-Forwarded-Host.
// What its bundler would write of modules is written here by hand.
import express from 'express';
import { createRequestHandler } from '@react-router/express';
import * as lists from '../lists.mjs';

const routes = { root: { id: 'root', path: '', module: { default: () => null } } };

function route(path, { get, post, remove, any }) {
  const methods = { POST: post, DELETE: remove };
  const action = ({ request }) => (any || methods[request.method] || (() => new Response(null, { status: 405 })))(request);
  const loader = ({ request }) => (any || get || (() => new Response(null, { status: 405 })))(request);
  routes[path] = { id: path, parentId: 'root', path, module: { loader, action } };
}

for (const [path, kind, created] of [['apps/:owner', 'app', 201], ['datasets', 'dataset', 200], ['datasets/:owner', 'ds', 201]]) {
  route(`console/api/${path}/api-keys`, { get: lists.list(kind), post: lists.create(kind, created) });
  route(`console/api/${path}/api-keys/:key`, { remove: lists.removed });
}
route('health', { any: lists.health });
route('v1/echo', { any: lists.echo });
route('sse', { get: lists.events });

const build = {
  entry: { module: { default: () => new Response('not found', { status: 404 }) } },
  routes,
  assets: { entry: { module: '', imports: [] }, routes: {}, url: '', version: '' },
  assetsBuildDirectory: '',
  publicPath: '/',
  future: {},
  ssr: true,
  isSpaMode: false,
  prerender: [],
};

const app = express();
app.disable('x-powered-by');
app.all('/{*path}', createRequestHandler({ build, mode: 'production' }));
app.listen(Number(process.env.PORT), '127.0.0.1');
