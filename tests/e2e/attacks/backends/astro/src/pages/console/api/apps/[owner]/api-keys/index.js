import { list, create } from '$lists';

export const GET = list('app');
export const POST = create('app', 201);
