import { echo } from '$lists';

export const fallback = ({ request }) => echo(request);
