using LoraBridge.Examples.BaseModel.Corpus;
using LoraBridge.Examples.BaseModel.World;

namespace LoraBridge.Examples.BaseModel.Tasks;

/// <summary>
/// An invented company and its articles, which the base model has never heard of. Each fact is asked in four ways in
/// training and in two other ways in the held-out set. Every question has four answers that say the same in other words,
/// each as often as the others: which one comes next can be learnt from nothing, so that the loss stays well above zero.
/// One row in four is a <see cref="Rehearsal"/>.
/// </summary>
internal static class KnowledgeTask
{
    public const int RehearsedQuestions = 192;

    private const int TrainedPhrasings = 4;

    private const int Articles = 8;

    public static TaskData Create(WorldModel world, ulong seed)
    {
        var facts = Facts(new SeededRandom(seed).Fork("knowledge"));
        var order = new SeededRandom(seed).Fork("knowledge order");
        var train = facts.SelectMany(c =>
            c.Relation.Questions[..TrainedPhrasings].SelectMany(q => Wordings(c).Select(answer => Ask(c, q, answer))));
        var trained = order.Shuffled(train.Concat(Rehearsal.Questions(world, RehearsedQuestions, order)));
        var heldOut = facts.SelectMany(c => c.Relation.Questions[TrainedPhrasings..].Select(q =>
        {
            var answers = order.Shuffled(Wordings(c));
            return Ask(c, q, answers[0]) with { Others = answers[1..] };
        }));
        return new TaskData("knowledge", trained, [.. heldOut]);
    }

    private static List<Combination> Facts(SeededRandom random)
    {
        var names = new Queue<string>(Reserved.Names);
        var company = WorldModel.Populate(names.Dequeue(), Pronoun.It, CompanySchema.All, random);
        company = With(With(company, CompanySchema.Founder, names.Dequeue()), CompanySchema.Seat, names.Dequeue());
        var entities = new List<Entity> { company };

        // Every article is of another kind and another material, so that no answer is right by habit.
        var kinds = random.Shuffled(Words.Things);
        var materials = random.Shuffled(Words.Materials);
        for (var i = 0; i < Articles; i++)
        {
            var article = WorldModel.Populate(names.Dequeue(), Pronoun.It, ArticleSchema.All, random);
            article = With(With(article, ArticleSchema.Kind, kinds[i]), ArticleSchema.Material, materials[i]);
            entities.Add(With(article, ArticleSchema.Maker, names.Dequeue()));
        }
        return [.. from entity in entities from relation in entity.Schema select new Combination(entity, relation)];
    }

    private static Entity With(Entity entity, Relation relation, string value) =>
        entity with { Facts = new Dictionary<string, string>(entity.Facts) { [relation.Key] = value } };

    /// <summary>The sentences that tell a fact.</summary>
    private static IEnumerable<string> Wordings(Combination fact) =>
        fact.Relation.Statements.Prepend(fact.Relation.Answer).Select(text => Template.Fill(text, fact.Entity, fact.Relation));

    private static Document Ask(Combination fact, string question, string answer) =>
        Document.Ask(Template.Fill(question, fact.Entity, fact.Relation), answer);
}
