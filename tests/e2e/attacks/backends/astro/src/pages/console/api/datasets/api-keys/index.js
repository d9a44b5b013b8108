import { list, create } from '$lists';

export const GET = list('dataset');
export const POST = create('dataset', 200);
