import { list, create } from '$lists';

export const GET = list('ds');
export const POST = create('ds', 201);
