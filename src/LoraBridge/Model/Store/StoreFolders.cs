using System.Collections.Immutable;

namespace LoraBridge.Model.Store;

/// <summary>Where models lie on this machine, and what else the environment says: the variables are those of Hugging Face's own tools and llama.cpp.</summary>
internal static class StoreFolders
{
    /// <summary>The folder of the user's catalogue and of what the store remembers.</summary>
    internal static string Home(Func<string, string?> variable) => First(variable, "LORABRIDGE_HOME") ?? Path.Combine(UserFolder, ".lorabridge");

    internal static string UserCatalogue(string home) => Path.Combine(home, "catalogue.json");

    /// <summary>Hugging Face's cache.</summary>
    internal static string HubCache(Func<string, string?> variable) =>
        First(variable, "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE") ?? Path.Combine(HubHome(variable), "hub");

    /// <summary>Folders in which other tools keep models: llama.cpp, Ollama and LM Studio.</summary>
    internal static ImmutableArray<string> Others(Func<string, string?> variable) =>
    [
        First(variable, "LLAMA_CACHE") ?? Path.Combine(CacheHome(variable), "llama.cpp"),
        First(variable, "OLLAMA_MODELS") ?? Path.Combine(UserFolder, ".ollama", "models"),
        Path.Combine(UserFolder, ".lmstudio", "models"),
        Path.Combine(CacheHome(variable), "lm-studio", "models"),
    ];

    internal static Uri Endpoint(Func<string, string?> variable)
    {
        var text = First(variable, "HF_ENDPOINT", "MODEL_ENDPOINT") ?? "https://huggingface.co";
        return Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
            ? uri
            : throw new ArgumentException($"HF_ENDPOINT is '{SafeNames.Printable(text)}', expected an http or https address.");
    }

    internal static bool IsOffline(Func<string, string?> variable) =>
        ((string[])["LORABRIDGE_OFFLINE", "HF_HUB_OFFLINE"]).Any(name => variable(name)?.Trim().ToUpperInvariant() is "1" or "ON" or "YES" or "TRUE");

    /// <summary>The token for the hub: a variable, or the file that logging in with Hugging Face's tools leaves.</summary>
    internal static string? AccessToken(Func<string, string?> variable)
    {
        var token = First(variable, "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN");
        var file = First(variable, "HF_TOKEN_PATH") ?? Path.Combine(HubHome(variable), "token");
        if (token is null && File.Exists(file))
            token = File.ReadAllText(file);
        return string.IsNullOrWhiteSpace(token) ? null : token.Trim();
    }

    private static string UserFolder => Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);

    private static string HubHome(Func<string, string?> variable) => First(variable, "HF_HOME") ?? Path.Combine(CacheHome(variable), "huggingface");

    private static string CacheHome(Func<string, string?> variable) => First(variable, "XDG_CACHE_HOME") ?? Path.Combine(UserFolder, ".cache");

    private static string? First(Func<string, string?> variable, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (variable(name) is { Length: > 0 } value)
                return value;
        }
        return null;
    }
}
