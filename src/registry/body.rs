//! A publish document as the body of a request.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::document::{Document, Pieces};
use crate::output::progress::Counter;

/// Sends a document piece by piece, with its length known beforehand, so that
/// the request carries `content-length` and no more than one piece is held.
pub(super) struct DocumentBody {
    pieces: Pieces,
    left: u64,
    /// What has gone.
    sent: Counter,
}

impl DocumentBody {
    pub(super) fn new(document: &Document, sent: Counter) -> Self {
        Self {
            pieces: document.pieces(),
            left: document.content_length(),
            sent,
        }
    }
}

impl Body for DocumentBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let piece = self.pieces.next();
        if let Some(Ok(bytes)) = &piece {
            self.left = self.left.saturating_sub(bytes.len() as u64);
            self.sent.add(bytes.len());
        }
        Poll::Ready(piece.map(|piece| piece.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
