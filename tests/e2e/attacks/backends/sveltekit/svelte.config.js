// The lists in SvelteKit, on its adapter for Node, which builds the URL that it routes by of the fields that the environment names.
import adapter from '@sveltejs/adapter-node';

export default { kit: { adapter: adapter(), alias: { $lists: '../lists.mjs' }, csrf: { trustedOrigins: ['*'] } } };
