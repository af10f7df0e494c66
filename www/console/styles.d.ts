// Styles are bundled; importing one brings nothing into scope.
declare module "*.css";
