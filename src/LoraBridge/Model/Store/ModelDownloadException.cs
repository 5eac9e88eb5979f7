namespace LoraBridge.Model;

/// <summary>A model could not be fetched. The message says what was asked for, what came back, and what to do.</summary>
public sealed class ModelDownloadException : IOException
{
    internal ModelDownloadException(ModelDownloadFailure reason, string message, Exception? cause = null) : base(message, cause) => Reason = reason;

    /// <summary>What kind of failure it is.</summary>
    public ModelDownloadFailure Reason { get; }
}

/// <summary>Why a model could not be fetched.</summary>
public enum ModelDownloadFailure
{
    /// <summary>The network is switched off and the model is not on this machine.</summary>
    Offline,

    /// <summary>There is no such repository, revision or file.</summary>
    NotFound,

    /// <summary>The repository is gated or private, or the token is not valid.</summary>
    AccessDenied,

    /// <summary>No connection could be made, or it broke again and again.</summary>
    Unreachable,

    /// <summary>The proxy refused the connection.</summary>
    Proxy,

    /// <summary>The server was busy or failing for as long as it was asked.</summary>
    Unavailable,

    /// <summary>What the server sent makes no sense, or would be a risk to follow.</summary>
    BadAnswer,
}

/// <summary>A model's licence asks for acceptance before the first download.</summary>
public sealed class ModelLicenseException : InvalidOperationException
{
    internal ModelLicenseException(string id, string license, Uri page)
        : base($"{id} comes under the licence '{license}', which must be accepted first: read it at {page}, then set "
            + $"{nameof(ModelStoreOptions)}.{nameof(ModelStoreOptions.AcceptLicenses)} (--accept-licence on the command line).")
    {
        License = license;
        Page = page;
    }

    /// <summary>The licence's identifier.</summary>
    public string License { get; }

    /// <summary>Where it can be read.</summary>
    public Uri Page { get; }
}
