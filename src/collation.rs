//! ICU's collation as Node's `localeCompare(.., 'en')` has it.
//!
//! npm sorts files and workspaces by it. English has no rules beside the root's, and the rules of
//! all other languages are a megabyte: the provider here names only what the root needs, so that
//! they stay out of the binary.

use icu_collator::options::CollatorOptions;
use icu_collator::provider::{
    Baked, CollationDiacriticsV1, CollationJamoV1, CollationMetadataV1, CollationReorderingV1,
    CollationRootV1, CollationSpecialPrimariesV1, CollationTailoringV1,
};
use icu_collator::{Collator, CollatorPreferences};
use icu_normalizer::provider::{NormalizerNfdDataV1, NormalizerNfdTablesV1};
use icu_provider::{
    DataError, DataErrorKind, DataMarker as _, DataProvider, DataRequest, DataResponse,
};

/// The collator; `None` only if its compiled-in data were missing, which the tests rule out.
pub(crate) fn english(
    preferences: CollatorPreferences,
    options: CollatorOptions,
) -> Option<Collator> {
    Collator::try_new_unstable(&Root, preferences, options).ok()
}

/// The data of the root collation.
struct Root;

macro_rules! take {
    ($source:expr, $($marker:ty),+) => {
        $(impl DataProvider<$marker> for Root {
            fn load(&self, request: DataRequest<'_>) -> Result<DataResponse<$marker>, DataError> {
                $source.load(request)
            }
        })+
    };
}

take!(
    Baked,
    CollationDiacriticsV1,
    CollationJamoV1,
    CollationMetadataV1,
    CollationReorderingV1,
    CollationRootV1,
    CollationSpecialPrimariesV1
);
take!(
    icu_normalizer::provider::Baked,
    NormalizerNfdDataV1,
    NormalizerNfdTablesV1
);

impl DataProvider<CollationTailoringV1> for Root {
    fn load(
        &self,
        request: DataRequest<'_>,
    ) -> Result<DataResponse<CollationTailoringV1>, DataError> {
        Err(DataErrorKind::IdentifierNotFound.with_req(CollationTailoringV1::INFO, request))
    }
}
