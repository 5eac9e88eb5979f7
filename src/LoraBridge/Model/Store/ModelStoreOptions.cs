using System.Collections.Immutable;
using System.Net;
using LoraBridge.Model.Store;

namespace LoraBridge.Model;

/// <summary>Where a <see cref="ModelStore"/> keeps models and fetches them from. <see cref="FromEnvironment"/> is what most programs want.</summary>
public sealed record ModelStoreOptions
{
    /// <summary>The folder that models are kept in, in the layout of Hugging Face's cache, so that its tools and llama.cpp find them, too.</summary>
    public required string CacheDirectory { get; init; }

    /// <summary>The folder of the user's <c>catalogue.json</c> and of the record of which files were verified.</summary>
    public required string HomeDirectory { get; init; }

    /// <summary>Folders of other tools that are looked into before anything is downloaded; the store never writes to them.</summary>
    public ImmutableArray<string> OtherDirectories { get; init; } = [];

    /// <summary>The hub. Set it to a mirror where the hub itself cannot be reached; the mirror's path may have a prefix.</summary>
    public Uri Endpoint { get; init; } = new("https://huggingface.co");

    /// <summary>The token of an account, for gated and private repositories. It is sent to <see cref="Endpoint"/> only.</summary>
    public string? AccessToken { get; init; }

    /// <summary>Never use the network: what is not on this machine is an error.</summary>
    public bool Offline { get; init; }

    /// <summary>Accept the licences that ask for it (<c>qwen-research</c>, <c>lfm1.0</c>): set it once the user has read them.</summary>
    public bool AcceptLicenses { get; init; }

    /// <summary>The names that are known.</summary>
    public ModelCatalogue Catalogue { get; init; } = ModelCatalogue.Embedded;

    /// <summary>The proxy; null takes the one that <c>HTTPS_PROXY</c>, <c>HTTP_PROXY</c>, <c>ALL_PROXY</c> and <c>NO_PROXY</c> name.</summary>
    public IWebProxy? Proxy { get; init; }

    /// <summary>How long the network may be silent before a connection is given up and made again.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The clock; tests bring their own.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>What stands in for the network and the disk in tests.</summary>
    internal StoreHooks Hooks { get; init; } = new();

    /// <summary>
    /// The options that the usual variables say: <c>HF_HUB_CACHE</c>, <c>HF_HOME</c>, <c>HF_ENDPOINT</c>, <c>HF_TOKEN</c>,
    /// <c>HF_HUB_OFFLINE</c>, <c>LLAMA_CACHE</c>, <c>OLLAMA_MODELS</c>, <c>LORABRIDGE_HOME</c> and <c>LORABRIDGE_OFFLINE</c>.
    /// </summary>
    /// <exception cref="ArgumentException">A variable cannot be understood; the message names it.</exception>
    /// <exception cref="InvalidDataException">The user's catalogue cannot be read.</exception>
    public static ModelStoreOptions FromEnvironment() => From(Environment.GetEnvironmentVariable);

    internal static ModelStoreOptions From(Func<string, string?> variable)
    {
        var home = StoreFolders.Home(variable);
        return new ModelStoreOptions
        {
            CacheDirectory = StoreFolders.HubCache(variable),
            HomeDirectory = home,
            OtherDirectories = StoreFolders.Others(variable),
            Endpoint = StoreFolders.Endpoint(variable),
            AccessToken = StoreFolders.AccessToken(variable),
            Offline = StoreFolders.IsOffline(variable),
            Catalogue = ModelCatalogue.Embedded.OverlaidBy(home),
        };
    }

    /// <summary>The options without the token.</summary>
    public override string ToString() => $"{nameof(ModelStoreOptions)} {{ {CacheDirectory}, {Endpoint}{(Offline ? ", offline" : "")} }}";
}
