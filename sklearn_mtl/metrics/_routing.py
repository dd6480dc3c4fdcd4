"""How scorers say that they accept weights."""

from sklearn.utils.metadata_routing import MetadataRequest


class AcceptsWeights:
    """A scorer that is called with ``sample_weight``, if it is routed to it."""

    _sample_weight_request = None

    def set_score_request(self, *, sample_weight=None):
        """Set whether ``sample_weight`` is routed to this scorer.

        Parameters
        ----------
        sample_weight : bool, str or None, default=None

        Returns
        -------
        self : object
        """
        self._sample_weight_request = sample_weight
        return self

    def _accept_sample_weight(self):
        # scikit-learn checks this for each scorer of a dict.
        return True

    def get_metadata_routing(self):
        """Return the metadata that the scorer accepts.

        Returns
        -------
        request : MetadataRequest
        """
        request = MetadataRequest(owner=self)
        request.score.add_request(
            param="sample_weight", alias=self._sample_weight_request
        )
        return request
