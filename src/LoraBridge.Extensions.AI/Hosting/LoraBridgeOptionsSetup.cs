using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace LoraBridge.Extensions.AI;

/// <summary>Reads the options from the configuration, if there is one, and checks them.</summary>
internal sealed class LoraBridgeOptionsSetup(IServiceProvider services) : IConfigureOptions<LoraBridgeOptions>, IValidateOptions<LoraBridgeOptions>
{
    public void Configure(LoraBridgeOptions options)
    {
        if (services.GetService(typeof(IConfiguration)) is not IConfiguration configuration)
            return;
        var section = configuration.GetSection(LoraBridgeOptions.Section);
        options.Model = section[nameof(LoraBridgeOptions.Model)] ?? options.Model;
        options.ContextLength = Number(section, nameof(LoraBridgeOptions.ContextLength)) ?? options.ContextLength;
        options.MaximumOutputTokens = Number(section, nameof(LoraBridgeOptions.MaximumOutputTokens)) ?? options.MaximumOutputTokens;
        options.Threads = Number(section, nameof(LoraBridgeOptions.Threads)) ?? options.Threads;
    }

    public ValidateOptionsResult Validate(string? name, LoraBridgeOptions options)
    {
        var faults = new List<string>();
        if (string.IsNullOrWhiteSpace(options.Model))
            faults.Add($"{LoraBridgeOptions.Section}:{nameof(options.Model)} must be the path of a model.");
        else if (!File.Exists(options.Model))
            faults.Add($"{LoraBridgeOptions.Section}:{nameof(options.Model)} is '{options.Model}', and there is no such file.");
        if (options.ContextLength < 0)
            faults.Add($"{LoraBridgeOptions.Section}:{nameof(options.ContextLength)} must be 0 or more, found {options.ContextLength}.");
        if (options.MaximumOutputTokens <= 0)
            faults.Add($"{LoraBridgeOptions.Section}:{nameof(options.MaximumOutputTokens)} must be 1 or more, found {options.MaximumOutputTokens}.");
        if (options.Threads < 0)
            faults.Add($"{LoraBridgeOptions.Section}:{nameof(options.Threads)} must be 0 or more, found {options.Threads}.");
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }

    private static int? Number(IConfigurationSection section, string key)
    {
        if (section[key] is not { } text)
            return null;
        return int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new FormatException($"{LoraBridgeOptions.Section}:{key} must be a whole number, found '{text}'.");
    }
}
