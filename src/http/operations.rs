//! The operations of a document, at hand before everything else that there is.

use std::collections::HashMap;
use std::marker::PhantomData;

use futures_util::future::{Either, ready};
use poem::endpoint::{BoxEndpoint, DynEndpoint};
use poem::error::MethodNotAllowedError;
use poem::http::Method;
use poem::{Endpoint, EndpointExt as _, Request, Response, Result};
use poem_openapi::OpenApi;
use poem_openapi::registry::{MetaApi, Registry};

/// What answers each method of each path.
type Routes = HashMap<String, HashMap<Method, BoxEndpoint<'static>>>;

/// Operations, and what is at all other addresses.
///
/// *Why not poem-openapi's own endpoint.* It has a router, a reader of queries and more futures around
/// them, for parameters in addresses; each moves the whole request. Those that we have are of the admin
/// listener, which has that endpoint.
pub(super) struct Operations {
    routes: Routes,
    others: BoxEndpoint<'static>,
}

impl Operations {
    /// Those of `apis`, which have no parameters in their addresses, before `others`.
    pub(super) fn of(apis: impl OpenApi, others: impl Endpoint + 'static) -> Self {
        let mut routes = Routes::new();
        apis.add_routes(&mut routes);
        Self {
            routes,
            others: others.map_to_response().boxed(),
        }
    }
}

impl Endpoint for Operations {
    type Output = Response;

    fn call(&self, request: Request) -> impl Future<Output = Result<Response>> + Send {
        let endpoint = match self.routes.get(request.uri().path()) {
            Some(methods) => methods.get(request.method()),
            None => Some(&self.others),
        };
        match endpoint {
            Some(endpoint) => Either::Left(DynEndpoint::call(&**endpoint, request)),
            None => Either::Right(ready(Err(MethodNotAllowedError.into()))),
        }
    }
}

/// The document of a `T`, whose operations are answered elsewhere.
pub(super) struct DocumentOf<T>(PhantomData<T>);

impl<T: OpenApi> DocumentOf<T> {
    pub(super) fn new(_: &T) -> Self {
        Self(PhantomData)
    }
}

impl<T: OpenApi> OpenApi for DocumentOf<T> {
    fn meta() -> Vec<MetaApi> {
        T::meta()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }

    fn add_routes(self, _: &mut Routes) {}
}
