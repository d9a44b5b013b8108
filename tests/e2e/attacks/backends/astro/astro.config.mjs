// The lists in Astro, on its adapter for Node, which builds the URL that it routes by of Host and the X-Forwarded fields.
import node from '@astrojs/node';

const alias = { $lists: new URL('../lists.mjs', import.meta.url).pathname };

export default { output: 'server', adapter: node({ mode: 'standalone' }), security: { checkOrigin: false }, vite: { resolve: { alias } } };
