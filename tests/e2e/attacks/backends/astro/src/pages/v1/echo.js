import { echo } from '$lists';

export const ALL = ({ request }) => echo(request);
