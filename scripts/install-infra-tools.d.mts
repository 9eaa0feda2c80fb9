/** Folder of kustomize, kubeconform and schemas, when they are there. */
export function findInfraTools(): string | undefined;
