//! The operations of a document, at hand before everything else that there is.

use std::collections::HashSet;

use poem::endpoint::{BoxEndpoint, DynEndpoint};
use poem::{Endpoint, EndpointExt as _, IntoEndpoint as _, Request, Response, Result};
use poem_openapi::{OpenApi, OpenApiService};

/// Operations, and what is at all other addresses.
///
/// *Why not nested routes.* They take the address of each request apart, put it together again, and
/// look it up twice.
pub(super) struct Operations {
    paths: HashSet<String>,
    service: BoxEndpoint<'static>,
    others: BoxEndpoint<'static>,
}

impl Operations {
    /// Those of `service`, whose paths have no parameters, before `others`.
    pub(super) fn of<T: OpenApi + 'static>(
        service: OpenApiService<T, ()>,
        others: impl Endpoint + 'static,
    ) -> Self {
        let paths = T::meta().into_iter().flat_map(|api| api.paths);
        Self {
            paths: paths.map(|path| path.path).collect(),
            service: service.into_endpoint(),
            others: others.map_to_response().boxed(),
        }
    }
}

impl Endpoint for Operations {
    type Output = Response;

    fn call(&self, request: Request) -> impl Future<Output = Result<Response>> + Send {
        let is_operation = self.paths.contains(request.uri().path());
        let endpoint = if is_operation {
            &self.service
        } else {
            &self.others
        };
        DynEndpoint::call(&**endpoint, request)
    }
}
