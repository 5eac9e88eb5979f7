using LoraBridge.TextGeneration.Jinja;

namespace LoraBridge.Tests.TextGeneration.Jinja;

internal static class JinjaTestHelper
{
    public static string Render(string template, string variables = "{}", JinjaLimits? limits = null)
    {
        var values = (DictValue)JsonText.Parse(variables);
        return JinjaTemplate.Parse(template).Render(values.Items.ToDictionary(pair => pair.Key.ToString(), pair => pair.Value), new FixedClock(), limits);
    }

    public sealed class FixedClock : TimeProvider
    {
        public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

        public override DateTimeOffset GetUtcNow() => new(2026, 3, 7, 9, 5, 3, TimeSpan.Zero);
    }
}
