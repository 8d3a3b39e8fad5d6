"""Holds the SAM template and the CDK app equal, resource by resource."""
